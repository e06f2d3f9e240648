//! What a database error means to the engine.

use std::io;

use sea_orm::{DbErr, RuntimeErr};
use stagemark::ports::{StoreError, StoreErrorKind};

/// The error of an operation, by how to react to it.
pub(crate) fn failed(doing: &'static str, error: DbErr) -> StoreError {
    StoreError { doing, kind: kind_of(&error), source: Some(error.into()) }
}

#[cfg(feature = "sqlite")]
pub(crate) fn of_file(doing: &'static str, error: io::Error) -> StoreError {
    let kind = match error.kind() {
        io::ErrorKind::WouldBlock => StoreErrorKind::Locked,
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => StoreErrorKind::ReadOnly,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreErrorKind::Full,
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => StoreErrorKind::Unreachable,
        _ => StoreErrorKind::Other,
    };
    StoreError { doing, kind, source: Some(error.into()) }
}

fn kind_of(error: &DbErr) -> StoreErrorKind {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => kind_of_cause(cause),
        DbErr::ConnectionAcquire(_) => StoreErrorKind::Unreachable,
        DbErr::Type(_) => StoreErrorKind::Unreadable,
        _ => StoreErrorKind::Other,
    }
}

fn kind_of_cause(cause: &sqlx::Error) -> StoreErrorKind {
    match cause {
        sqlx::Error::ColumnDecode { .. } => StoreErrorKind::Unreadable,
        sqlx::Error::Tls(_) => StoreErrorKind::Untrusted,
        // So rustls tells of a certificate that it does not trust, and of what is no TLS at all.
        sqlx::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => StoreErrorKind::Untrusted,
        sqlx::Error::Io(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => StoreErrorKind::Unreachable,
        sqlx::Error::Database(error) => match error.code() {
            #[cfg(feature = "postgres")]
            Some(state) if error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() => by_state(&state),
            Some(code) => by_result(&code),
            None => StoreErrorKind::Other,
        },
        _ => StoreErrorKind::Other,
    }
}

/// By the SQLSTATE, <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
#[cfg(feature = "postgres")]
fn by_state(state: &str) -> StoreErrorKind {
    match state {
        // Connections fail, the server shuts down or starts, has no more connections, or did not answer in time.
        "57014" | "57P01" | "57P02" | "57P03" | "57P04" | "57P05" | "53300" | "55P03" => StoreErrorKind::Unreachable,
        "25006" => StoreErrorKind::ReadOnly,
        "53100" => StoreErrorKind::Full,
        "42501" => StoreErrorKind::Denied,
        state if state.starts_with("08") => StoreErrorKind::Unreachable,
        state if state.starts_with("28") => StoreErrorKind::Denied,
        _ => StoreErrorKind::Other,
    }
}

/// By the primary result code, <https://www.sqlite.org/rescode.html>.
fn by_result(code: &str) -> StoreErrorKind {
    let code = code.parse::<u32>().ok();
    match code.map(|code| code & 0xff) {
        Some(5 | 6) => StoreErrorKind::Locked,
        Some(8) => StoreErrorKind::ReadOnly,
        Some(13) => StoreErrorKind::Full,
        // The log cannot grow: SQLite tells a full disk so where it writes outside of a page.
        Some(10) if is_growth(code) => StoreErrorKind::Full,
        Some(11 | 26) => StoreErrorKind::Unreadable,
        Some(14) => StoreErrorKind::Unreachable,
        _ => StoreErrorKind::Other,
    }
}

/// `SQLITE_IOERR_SHMSIZE` and `SQLITE_IOERR_TRUNCATE`: a file that cannot be made larger.
fn is_growth(code: Option<u32>) -> bool {
    matches!(code, Some(4874 | 1546))
}
