//! The story of the first working day, as one test on real parts, on SQLite and on PostgreSQL.
//!
//! Carl asks what forty desks cost. Anna and Ben both want to answer. He gets one reply.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod another_matter;
mod bad_input;
mod desk;
mod follow_up;
mod hooks;
mod hosted;
mod kills;
mod morning;
mod moving_day;
mod moving_in;
mod offline;
mod passing_on;
mod rep;
mod replica;
mod restored;
mod restored_desks;
mod routing;
mod team;
mod three_servers;
mod two_doors;
mod writing_first;

mod story {
    use anyhow::{Context, Result};
    use baton_tests::postgres::Postgres;
    use baton_tests::server::Database;

    use crate::team::Team;
    use crate::{
        another_matter, follow_up, hosted, kills, morning, moving_day, moving_in, offline, restored, restored_desks,
        routing, three_servers, two_doors,
    };

    #[tokio::test(flavor = "multi_thread")]
    async fn two_reps_answer_one_customer_once_on_sqlite() {
        day(Database::Sqlite).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_reps_answer_one_customer_once_on_postgresql() {
        let postgres = Postgres::start().await.unwrap();
        day(Database::Postgres(postgres.url())).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_old_mailbox_is_connected_and_nothing_starts_on_sqlite() {
        moving_day::nothing_starts(Database::Sqlite).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_old_mailbox_is_connected_and_nothing_starts_on_postgresql() {
        let postgres = Postgres::start().await.unwrap();
        moving_day::nothing_starts(Database::Postgres(postgres.url()))
            .await
            .unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_mailbox_with_folders_moves_in_and_they_become_owners_on_sqlite() {
        moving_in::folders_become_owners(Database::Sqlite).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_mailbox_with_folders_moves_in_and_they_become_owners_on_postgresql() {
        let postgres = Postgres::start().await.unwrap();
        moving_in::folders_become_owners(Database::Postgres(postgres.url()))
            .await
            .unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_that_is_killed_loses_and_doubles_nothing_on_sqlite() {
        kills::nothing_is_lost_or_doubled(Database::Sqlite).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_that_is_killed_loses_and_doubles_nothing_on_postgresql() {
        let postgres = Postgres::start().await.unwrap();
        kills::nothing_is_lost_or_doubled(Database::Postgres(postgres.url()))
            .await
            .unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_mailbox_is_hosted_by_its_owners_desktops_one_at_a_time_on_sqlite() {
        hosted::by_its_owner(Database::Sqlite).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_mailbox_is_hosted_by_its_owners_desktops_one_at_a_time_on_postgresql() {
        let postgres = Postgres::start().await.unwrap();
        hosted::by_its_owner(Database::Postgres(postgres.url())).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_old_backup_sends_nothing_twice_on_sqlite() {
        restore(Database::Sqlite).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_old_backup_sends_nothing_twice_on_postgresql() {
        let postgres = Postgres::start().await.unwrap();
        restore(Database::Postgres(postgres.url())).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_old_backup_loses_nothing_that_waits_at_a_desk_on_sqlite() {
        restored_desks::outboxes_survive(Database::Sqlite).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_old_backup_loses_nothing_that_waits_at_a_desk_on_postgresql() {
        let postgres = Postgres::start().await.unwrap();
        let database = Database::Postgres(postgres.url());
        restored_desks::outboxes_survive(database).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn new_leads_go_to_the_reps_in_turn_and_the_log_says_why_on_sqlite() {
        routing::each_in_turn(Database::Sqlite).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn new_leads_go_to_the_reps_in_turn_and_the_log_says_why_on_postgresql() {
        let postgres = Postgres::start().await.unwrap();
        routing::each_in_turn(Database::Postgres(postgres.url())).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_buyer_at_two_doors_is_one_enquiry_on_sqlite() {
        two_doors::one_enquiry(Database::Sqlite).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_buyer_at_two_doors_is_one_enquiry_on_postgresql() {
        let postgres = Postgres::start().await.unwrap();
        two_doors::one_enquiry(Database::Postgres(postgres.url()))
            .await
            .unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn another_matter_in_the_same_thread_is_answered_in_its_own_on_sqlite() {
        another_matter::each_in_its_own(Database::Sqlite).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn another_matter_in_the_same_thread_is_answered_in_its_own_on_postgresql() {
        let postgres = Postgres::start().await.unwrap();
        another_matter::each_in_its_own(Database::Postgres(postgres.url()))
            .await
            .unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_day_passes_with_three_servers_of_which_two_die() {
        let postgres = Postgres::start().await.unwrap();
        three_servers::the_day(Database::Postgres(postgres.url()))
            .await
            .unwrap();
    }

    async fn restore(database: Database) -> Result<()> {
        let mut team = Team::gather(database).await?;
        restored::nothing_goes_out_twice(&mut team).await
    }

    async fn day(database: Database) -> Result<()> {
        let mut team = Team::gather(database).await?;
        let morning = morning::one_customer_one_reply(&team).await?;
        offline::work_without_a_network(&team, &morning).await.context("(g)")?;
        follow_up::one_alert_that_moves(&mut team, &morning)
            .await
            .context("(f)")
    }
}
