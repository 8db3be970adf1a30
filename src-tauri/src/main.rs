fn main() { baton_desktop::run() }
