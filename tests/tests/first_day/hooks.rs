//! What the story takes hold of in the window: the `data-testid` of each thing, in one place.

use baton_tests::desktop::testid;

/// First run: *Join a team*.
pub fn join_a_team() -> String {
    testid("setup-join")
}

/// First run: the server's address.
pub fn server_address() -> String {
    testid("setup-server")
}

/// First run: the member's address.
pub fn email() -> String {
    testid("setup-email")
}

/// First run: the member's password.
pub fn password() -> String {
    testid("setup-password")
}

/// First run: go on.
pub fn go_on() -> String {
    testid("setup-submit")
}

/// A view on the left, such as `unassigned`.
pub fn view(name: &str) -> String {
    testid(&format!("view-{name}"))
}

/// The row of a conversation in the list.
pub fn row(number: u64) -> String {
    testid(&format!("row-{number}"))
}

/// Every row in the list.
pub fn rows() -> String {
    "[data-testid^=\"row-\"]".to_owned()
}

/// Who owns the open conversation.
pub fn owner() -> String {
    testid("strip-owner")
}

/// The status of the open conversation.
pub fn status() -> String {
    testid("strip-status")
}

/// The messages, notes and events of the open conversation.
pub fn thread() -> String {
    testid("thread")
}

/// Who is replying at the moment.
pub fn lock_line() -> String {
    testid("lock-line")
}

/// Why something was refused, with who and when.
pub fn refusal_line() -> String {
    testid("refusal-line")
}

/// Why a reply is held, with the ways out.
pub fn held_line() -> String {
    testid("held-line")
}

/// Where a reply is written.
pub fn composer() -> String {
    testid("composer-text")
}

/// Sends the reply.
pub fn send() -> String {
    testid("send")
}

/// Offers the text to whoever is replying.
pub fn suggest() -> String {
    testid("suggest")
}
