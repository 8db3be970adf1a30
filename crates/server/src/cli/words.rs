//! What the command line says to people.

/// Reads a password from standard input: everything up to the end, without the last line break.
///
/// # Errors
/// When there is none.
pub fn password_from_stdin() -> anyhow::Result<String> {
    use std::io::Read as _;
    let mut text = String::new();
    std::io::stdin().take(4096).read_to_string(&mut text)?;
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.is_empty() {
        anyhow::bail!("no password came on standard input: printf '%s' \"$PASSWORD\" | baton-server ...");
    }
    Ok(password.to_owned())
}
