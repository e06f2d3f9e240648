//! Opening a database: its settings, and its tables.

use std::str::FromStr;

use sea_orm::{ConnectionTrait, DbErr, SqlxPostgresConnector};
use sqlx::{
    ConnectOptions, Connection as _, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use stagemark::ports::{StoreError, StoreErrorKind};
use stagemark_migrations::{Migrator, MigratorTrait};

use super::{
    Postgres,
    doorbell::Doorbell,
    pool::{Connections, TRUSTED},
    values::failed_query,
};
use crate::{Migrations, OpenOptions, error::failed};

const OPENING: &str = "opening the database";
const MIGRATING: &str = "bringing the tables up to date";

/// Settings of each connection.
///
/// All that is asked here is to be answered by indexes, and with one plan whatever the values: so plans are made once,
/// and none of them reads a whole table because it was small when the plan was made.
const SETTINGS: [(&str, &str); 4] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("jit", "off"),
    ("client_min_messages", "warning"),
];

/// How long the name of a channel may be.
const CHANNEL_BYTES_MAX: usize = 63;

/// Only one host at a time makes tables. The second number is that of the schema.
const LOCK: &str = "SELECT pg_advisory_lock(1398030674, hashtext(current_schema()))";

pub(crate) async fn open(options: &OpenOptions, url: &str) -> Result<Postgres, StoreError> {
    let connect = connect_options(options, url)?;
    let connections = Connections::new(pool(options, connect.clone(), options.connections), options.answer_timeout);
    let schema = schema(&connections).await.map_err(|error| failed(OPENING, error))?;
    match options.migrations {
        Migrations::Apply => migrate(&connections, connect.clone()).await?,
        Migrations::Expect => expect(&connections).await?,
    }
    let ear = pool(options, connect, 1);
    let doorbell = Doorbell::new(connections.clone(), ear, channel(&schema)).into();
    Ok(Postgres { connections, doorbell })
}

fn connect_options(options: &OpenOptions, url: &str) -> Result<PgConnectOptions, StoreError> {
    let bad = |error: sqlx::Error| StoreError {
        doing: "reading the URL of the database",
        kind: StoreErrorKind::Other,
        source: Some(error.into()),
    };
    let connect = PgConnectOptions::from_str(url).map_err(bad)?;
    let name = connect.get_application_name().unwrap_or("stagemark").to_owned();
    let timeout = options.answer_timeout.as_millis().to_string();
    Ok(connect
        .application_name(&name)
        .options(SETTINGS)
        .options([("statement_timeout", timeout)])
        .statement_cache_capacity(256)
        .disable_statement_logging())
}

/// A pool that asks a connection whether it is alive only after it has lain idle.
fn pool(options: &OpenOptions, connect: PgConnectOptions, connections: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(options.acquire_timeout)
        .test_before_acquire(false)
        .before_acquire(|connection, idle| {
            Box::pin(async move {
                if idle.idle_for > TRUSTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(connect)
}

/// The schema in which the tables lie. By a connection of its own, whose error tells why there is none; that of a pool
/// tells only that it took too long.
async fn schema(connections: &Connections) -> Result<String, DbErr> {
    let connect = connections.pool.connect_options();
    let first = async {
        let mut connection = connect.connect().await?;
        let schema = sqlx::query_scalar("SELECT current_schema()").fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok::<Option<String>, sqlx::Error>(schema)
    };
    let first = tokio::time::timeout(connections.limit, first).await.map_err(|_| failed_query(super::pool::late()))?;
    let none = || DbErr::Custom("no schema of the search path exists".to_owned());
    first.map_err(failed_query)?.ok_or_else(none)
}

/// The channel of a schema. Where the name is too long for the whole of it, two schemas may share one: their workers
/// are then woken for each other.
fn channel(schema: &str) -> String {
    let name = format!("stagemark_{schema}");
    name[..name.floor_char_boundary(CHANNEL_BYTES_MAX)].to_owned()
}

async fn pending(connections: &Connections) -> Result<usize, StoreError> {
    let pending = Migrator::get_pending_migrations_read_only(&connections.shared).await;
    Ok(pending.map_err(|error| failed("looking which tables there are", error))?.len())
}

/// Makes what is missing; a role without the right to make tables can open a database whose tables are there.
async fn migrate(connections: &Connections, connect: PgConnectOptions) -> Result<(), StoreError> {
    if pending(connections).await? == 0 {
        return Ok(());
    }
    // A lock that others hold is not waited for behind all who come later.
    let connect = connect.options([("lock_timeout", "5s"), ("statement_timeout", "60s")]);
    let single = PgPoolOptions::new().max_connections(1).acquire_timeout(connections.limit).connect_lazy_with(connect);
    let database = SqlxPostgresConnector::from_sqlx_postgres_pool(single.clone());
    let made = async {
        database.execute_unprepared("SET lock_timeout = '60s'").await?;
        database.execute_unprepared(LOCK).await?;
        database.execute_unprepared("SET lock_timeout = '5s'").await?;
        Migrator::up(&database, None).await
    };
    let made = made.await.map_err(|error| failed(MIGRATING, error));
    // With its connection the lock is given back.
    single.close().await;
    made
}

async fn expect(connections: &Connections) -> Result<(), StoreError> {
    match pending(connections).await? {
        0 => Ok(()),
        missing => Err(StoreError {
            doing: "looking whether the tables are up to date",
            kind: StoreErrorKind::Other,
            source: Some(format!("{missing} migrations are missing; run them as the owner of the tables").into()),
        }),
    }
}
