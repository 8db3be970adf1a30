//! The replica's tables. They are rows, not domain types: what they hold is turned into those by name, in `batch` and `read`.

macro_rules! table {
    ($(#[$doc:meta])* $name:ident = $table:literal { $($(#[$attribute:meta])* $field:ident: $type:ty),+ $(,)? }) => {
        $(#[$doc])*
        pub mod $name {
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
            #[sea_orm(table_name = $table)]
            pub struct Model {
                $($(#[$attribute])* pub $field: $type),+
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

table! {
    /// Single values by name.
    state = "state" {
        #[sea_orm(primary_key, auto_increment = false)]
        key: String,
        value: String,
    }
}
table! {
    /// Conversations as confirmed by the server.
    conversation = "conversation" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        inbox: Uuid,
        content: String,
    }
}
table! {
    /// The log as far as it is ours.
    entry = "entry" {
        #[sea_orm(primary_key, auto_increment = false)]
        number: i64,
        conversation: Uuid,
        message: Option<Uuid>,
        blob: Option<String>,
        content: String,
    }
}
table! {
    /// Members, inboxes, accounts and the workspace.
    document = "document" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        content: String,
    }
}
table! {
    /// Commands the referee has not answered.
    outbox = "outbox" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        place: i64,
        content: String,
    }
}
table! {
    /// Commands that wait for a person's choice.
    held = "held" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        place: i64,
        content: String,
    }
}
table! {
    /// What is typed and not sent.
    draft = "draft" {
        #[sea_orm(primary_key, auto_increment = false)]
        conversation: Uuid,
        content: String,
    }
}
table! {
    /// Notifications that were shown.
    shown = "shown" {
        #[sea_orm(primary_key, auto_increment = false)]
        key: String,
        at: i64,
        handled: bool,
    }
}
table! {
    /// The newest message that was on screen.
    seen = "seen" {
        #[sea_orm(primary_key, auto_increment = false)]
        conversation: Uuid,
        message: Uuid,
    }
}
table! {
    /// Sealed files beside the database.
    blob = "blob" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: String,
        size: i64,
        kept: bool,
        used_at: i64,
    }
}
