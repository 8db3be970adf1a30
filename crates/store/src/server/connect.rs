//! Opening: the database, brought up to date, with a workspace in it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use baton_domain::{Timestamp, WorkspaceId};
use baton_migrations::server::Migrator;
use chacha20poly1305::aead::Generate as _;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ActiveValue::Set, ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DatabaseTransaction,
    DbBackend, EntityTrait as _, QueryOrder as _, SqliteTransactionMode, Statement, TransactionOptions,
    TransactionTrait as _,
};
use sea_orm_migration::MigratorTrait as _;
use uuid::Uuid;

use super::blobs::Blobs;
use super::entity::workspace;
use super::error::StoreError;
use crate::port::chain;
use crate::whole::keep_whole;

/// The database's file in the data directory.
pub(super) const FILE: &str = "baton.db";
/// The blobs' directory in the data directory.
pub(super) const BLOBS: &str = "blobs";
/// How long a SQLite connection waits for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that read beside the writer.
const READERS: u32 = 8;
/// Connections that write to PostgreSQL: one for the referee's commits, the others for what is beside the log.
const POSTGRES_WRITERS: u32 = 4;
/// Prepared statements that a connection keeps: every form in which a commit's rows are written, with room to spare.
const STATEMENTS: usize = 400;
/// Pages of SQLite's write-ahead log after which they are copied into the database. Commits one after another write many of the same pages,
/// so that fewer are copied the longer it is waited; a page has 4 KiB.
const CHECKPOINT_PAGES: &str = "4000";
/// Pages of the database that the writer keeps in memory, in KiB with a minus: the upper parts of all its indexes.
const WRITER_CACHE: &str = "-16384";
/// The same for each reader.
const READER_CACHE: &str = "-2000";
/// How long a connection to another machine may have been idle to be taken for alive without asking it.
const IDLE: Duration = Duration::from_secs(1);
/// How long a query waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(20);
/// A server that vanishes with the head in its hand must not keep it from the others for longer than this.
const WRITER_LIMITS: [(&str, &str); 2] = [("idle_in_transaction_session_timeout", "60s"), ("lock_timeout", "20s")];
/// PostgreSQL plans each run of a statement by the tables as they are then. A plan kept from when they were empty walks through all of a
/// table long after it has grown, until statistics are taken, and a connection of ours lives for weeks.
const PLANS: [(&str, &str); 1] = [("plan_cache_mode", "force_custom_plan")];
/// The PostgreSQL advisory lock under which servers that start at once bring the database up to date one after the other.
const SETUP_LOCK: i64 = 0x6261_746f_6e00_0001;

/// Where a server keeps its data.
#[derive(Clone)]
pub struct StoreOptions {
    /// The data directory: blobs unless they lie elsewhere, and the database unless a URL says otherwise.
    pub data: PathBuf,
    /// Where the blobs lie, for servers that share them; `None` keeps them in the data directory.
    pub blobs: Option<PathBuf>,
    /// `postgres://...`; `None` keeps a SQLite file in the data directory.
    pub database_url: Option<String>,
    /// Seals the SQLite file (SQLCipher) and the blobs. PostgreSQL is encrypted by whoever runs it; its blobs are sealed too.
    pub key: Option<[u8; 32]>,
    /// Which workspace; `None` takes the first one, and makes one where there is none.
    pub workspace: Option<WorkspaceId>,
}

impl StoreOptions {
    /// A SQLite file in that directory, unsealed, with its first workspace.
    #[must_use]
    pub fn in_directory(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            blobs: None,
            database_url: None,
            key: None,
            workspace: None,
        }
    }
}

impl std::fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreOptions")
            .field("data", &self.data)
            .field("blobs", &self.blobs)
            .field("postgres", &self.database_url.is_some())
            .field("sealed", &self.key.is_some())
            .field("workspace", &self.workspace)
            .finish()
    }
}

/// One workspace's store. Cloning it shares the connections.
#[derive(Debug, Clone)]
pub struct ServerStore {
    pub(super) writer: DatabaseConnection,
    pub(super) reader: DatabaseConnection,
    pub(super) workspace: WorkspaceId,
    pub(super) secret: [u8; 32],
    pub(super) blobs: Blobs,
    pub(super) data: PathBuf,
}

impl ServerStore {
    /// Opens the store, brings it up to date, and makes a workspace where there is none.
    ///
    /// # Errors
    /// Where it can't be reached, or opened with this key.
    pub async fn open(options: StoreOptions) -> Result<Self, StoreError> {
        let directory = |source| StoreError::Directory {
            path: options.data.clone(),
            source,
        };
        std::fs::create_dir_all(&options.data).map_err(directory)?;
        let (writer, reader) = match &options.database_url {
            Some(url) => postgres(url).await?,
            None => sqlite(&options.data.join(FILE), options.key).await?,
        };
        let workspace = set_up(&writer, options.workspace).await?;
        let blobs = options.blobs.unwrap_or_else(|| options.data.join(BLOBS));
        let blobs = Blobs::open(blobs, options.key)?;
        let secret = <[u8; 32]>::try_from(workspace.secret)
            .map_err(|_| StoreError::Unreadable("the workspace's secret".to_owned()))?;
        Ok(Self {
            writer,
            reader,
            workspace: WorkspaceId(workspace.id),
            secret,
            blobs,
            data: options.data,
        })
    }

    /// Which workspace it is.
    #[must_use]
    pub const fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// The secret by which the workspace recognises its own Message-IDs and reply addresses.
    #[must_use]
    pub const fn secret(&self) -> &[u8; 32] {
        &self.secret
    }

    /// The blobs.
    #[must_use]
    pub const fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// The data directory.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Whether several servers can share it.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.writer.get_database_backend() == DbBackend::Postgres
    }

    /// Whether the database answers.
    pub async fn is_alive(&self) -> bool {
        self.reader.ping().await.is_ok()
    }

    /// Closes the connections; SQLite folds its write-ahead log into the file.
    pub async fn close(&self) {
        for (name, connection) in [("reader", &self.reader), ("writer", &self.writer)] {
            if let Err(error) = connection.clone().close().await {
                tracing::warn!(%error, name, "closing a connection failed");
            }
        }
    }

    /// The time by the database's clock. With a test clock it is the process's, which the test shifts.
    pub(super) async fn now(&self, connection: &impl sea_orm::ConnectionTrait) -> Result<Timestamp, StoreError> {
        if connection.get_database_backend() != DbBackend::Postgres || baton_clock::shiftable() {
            return Ok(Timestamp(baton_clock::now_ms()));
        }
        let sql = "select (extract(epoch from clock_timestamp()) * 1000)::bigint as now";
        let row = connection
            .query_one_raw(Statement::from_string(DbBackend::Postgres, sql))
            .await?
            .ok_or(StoreError::NoWorkspace)?;
        Ok(Timestamp(row.try_get("", "now")?))
    }

    /// A transaction that may write. On SQLite it has the one writer from its first statement on.
    pub(super) async fn write(&self) -> Result<DatabaseTransaction, StoreError> {
        Ok(self.writer.begin_with_options(immediate()).await?)
    }
}

/// A deferred transaction that reads first can't be upgraded while another one writes: it fails at once, whatever the busy time-out.
fn immediate() -> TransactionOptions {
    TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    }
}

async fn postgres(url: &str) -> Result<(DatabaseConnection, DatabaseConnection), StoreError> {
    let options = |connections: u32| {
        let mut options = ConnectOptions::new(url);
        options
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire_if_idle_for(IDLE)
            .sqlx_logging(false);
        options
    };
    let mut writing = options(POSTGRES_WRITERS);
    writing.map_sqlx_postgres_opts(|postgres| {
        let limited = postgres.options(PLANS).options(WRITER_LIMITS);
        limited.statement_cache_capacity(STATEMENTS)
    });
    let mut reading = options(READERS);
    reading.map_sqlx_postgres_opts(|postgres| postgres.options(PLANS));
    Ok((
        Database::connect(writing).await.map_err(StoreError::Connect)?,
        Database::connect(reading).await.map_err(StoreError::Connect)?,
    ))
}

async fn sqlite(file: &Path, key: Option<[u8; 32]>) -> Result<(DatabaseConnection, DatabaseConnection), StoreError> {
    let connect = async |connections: u32, cache: &'static str| {
        let file = file.to_owned();
        let mut options = ConnectOptions::new("sqlite://baton.db");
        options
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .sqlx_logging(false)
            .map_sqlx_sqlite_opts(move |sqlite| pragmas(sqlite.filename(&file), key).pragma("cache_size", cache));
        keep_whole(&mut options);
        let connection = Database::connect(options).await.map_err(opening)?;
        check_seal(&connection, key.is_some()).await?;
        Ok::<_, StoreError>(connection)
    };
    Ok((connect(1, WRITER_CACHE).await?, connect(READERS, READER_CACHE).await?))
}

/// `synchronous=FULL`: a command is durable before it is answered.
fn pragmas(options: SqliteConnectOptions, key: Option<[u8; 32]>) -> SqliteConnectOptions {
    let options = match key {
        Some(key) => options
            .pragma("key", format!("\"x'{}'\"", hex::encode(key)))
            .pragma("temp_store", "memory"),
        None => options,
    };
    options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(STATEMENTS)
        .foreign_keys(true)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
}

/// Without SQLCipher the key pragma is silently ignored and the file is plain: that must never pass unseen.
async fn check_seal(connection: &DatabaseConnection, sealed: bool) -> Result<(), StoreError> {
    if !sealed {
        return Ok(());
    }
    let pragma = Statement::from_string(DbBackend::Sqlite, "pragma cipher_version");
    let version = connection.query_one_raw(pragma).await.map_err(opening)?;
    let version: Option<String> = version.and_then(|row| row.try_get_by_index(0).ok());
    if version.is_none_or(|version| version.is_empty()) {
        return Err(StoreError::NotSealed);
    }
    Ok(())
}

/// While opening, a file that "is not a database" is one sealed with another key.
fn opening(error: sea_orm::DbErr) -> StoreError {
    if error.to_string().contains("file is not a database") {
        StoreError::WrongKey
    } else {
        StoreError::Connect(error)
    }
}

async fn set_up(writer: &DatabaseConnection, wanted: Option<WorkspaceId>) -> Result<workspace::Model, StoreError> {
    let guard = match writer.get_database_backend() {
        DbBackend::Postgres => {
            let guard = writer.begin().await.map_err(StoreError::Connect)?;
            guard
                .execute_unprepared(&format!("select pg_advisory_xact_lock({SETUP_LOCK})"))
                .await
                .map_err(StoreError::Connect)?;
            Some(guard)
        }
        _ => None,
    };
    Migrator::up(writer, None).await.map_err(StoreError::Migrate)?;
    let found = match wanted {
        Some(id) => workspace::Entity::find_by_id(id.0).one(writer).await?,
        None => {
            workspace::Entity::find()
                .order_by_asc(workspace::Column::CreatedAt)
                .one(writer)
                .await?
        }
    };
    let workspace = match found {
        Some(workspace) => workspace,
        None => new_workspace(writer, wanted.map_or_else(Uuid::new_v4, |id| id.0)).await?,
    };
    if let Some(guard) = guard {
        guard.commit().await?;
    }
    Ok(workspace)
}

async fn new_workspace(writer: &DatabaseConnection, id: Uuid) -> Result<workspace::Model, StoreError> {
    let secret = chacha20poly1305::Key::generate();
    let row = workspace::ActiveModel {
        id: Set(id),
        epoch: Set(Uuid::new_v4()),
        number: Set(0),
        hash: Set(chain::START.to_vec()),
        last_at: Set(0),
        next_conversation: Set(1),
        secret: Set(secret.to_vec()),
        restored: Set(false),
        created_at: Set(baton_clock::now_ms()),
    };
    workspace::Entity::insert(row).exec_without_returning(writer).await?;
    workspace::Entity::find_by_id(id)
        .one(writer)
        .await?
        .ok_or(StoreError::NoWorkspace)
}
