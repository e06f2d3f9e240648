//! What a database error means to the engine.

use std::io;

use sea_orm::{DbErr, RuntimeErr};
use stagemark::ports::{StoreError, StoreErrorKind};

/// The error of an operation, by how to react to it.
pub(crate) fn failed(doing: &'static str, error: DbErr) -> StoreError {
    StoreError { doing, kind: kind_of(&error), source: Some(error.into()) }
}

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

/// By the primary result code, <https://www.sqlite.org/rescode.html>.
fn kind_of(error: &DbErr) -> StoreErrorKind {
    let (DbErr::Conn(RuntimeErr::SqlxError(cause))
    | DbErr::Exec(RuntimeErr::SqlxError(cause))
    | DbErr::Query(RuntimeErr::SqlxError(cause))) = error
    else {
        return if matches!(error, DbErr::Type(_)) { StoreErrorKind::Unreadable } else { StoreErrorKind::Other };
    };
    if let sqlx::Error::ColumnDecode { .. } = cause.as_ref() {
        return StoreErrorKind::Unreadable;
    }
    let code = cause.as_database_error().and_then(sqlx::error::DatabaseError::code);
    let code = code.and_then(|code| code.parse::<u32>().ok());
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
