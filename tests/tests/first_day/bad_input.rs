//! Bad input ends in words, with nothing lost: settings that are wrong, letters that are broken or hostile, and disks that are
//! full.

mod full_disk;
mod letters;
mod settings;

use baton_tests::server::Database;

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_can_t_be_used_is_told_in_words_and_not_connected() {
    settings::of_a_mailbox().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_that_can_t_be_joined_is_told_in_words_and_can_be_joined_after_all() {
    settings::of_a_team().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_nobody_can_read_is_kept_and_what_comes_after_it_is_read() {
    letters::broken(Database::Sqlite).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_letter_is_shown_without_its_teeth() {
    letters::hostile(Database::Sqlite).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_room_says_so_and_goes_on_when_there_is_some() {
    full_disk::of_the_server().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desktop_without_room_says_so_and_has_lost_nothing() {
    full_disk::of_a_desktop().await.unwrap();
}
