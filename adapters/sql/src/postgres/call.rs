//! Calls: a statement with its values, in one round trip.
//!
//! Rows are sent as arrays, a column each, which is the fastest. In the transactions of sea-orm they are sent as JSON,
//! since its arrays have no place for nulls.

use std::fmt::Write as _;

use futures::TryStreamExt;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement, Value};
use serde_json::{Map, Value as Json, json};
use sqlx::{
    Arguments, AssertSqlSafe, PgConnection,
    postgres::{PgArguments, PgRow},
};
use uuid::Uuid;

use super::values::{self, failed_query};

/// How rows are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// On a connection of the store's own.
    Arrays,
    /// In a transaction of sea-orm.
    Json,
}

/// One column of many rows.
#[derive(Debug)]
pub(super) enum Column<'a> {
    Uuids(Vec<Option<Uuid>>),
    Longs(Vec<Option<i64>>),
    Integers(Vec<Option<i32>>),
    Shorts(Vec<i16>),
    Doubles(Vec<f64>),
    Texts(Vec<Option<&'a str>>),
    Flags(Vec<Option<bool>>),
}

/// A single value.
#[derive(Debug)]
enum Single {
    Uuid(Uuid),
    Long(i64),
    Text(String),
}

#[derive(Debug)]
enum Parameter<'a> {
    Column(Column<'a>),
    Single(Single),
}

/// A statement that is being put together.
#[derive(Debug)]
pub(super) struct Call<'a> {
    form: Form,
    text: String,
    parameters: Vec<Parameter<'a>>,
}

impl<'a> Call<'a> {
    pub(super) fn new(form: Form) -> Self {
        Self { form, text: String::new(), parameters: Vec::new() }
    }

    /// A place for a number.
    pub(super) fn long(&mut self, number: i64) -> String {
        self.single(Single::Long(number), "bigint")
    }

    pub(super) fn uuid(&mut self, id: Uuid) -> String {
        self.single(Single::Uuid(id), "uuid")
    }

    pub(super) fn string(&mut self, text: impl Into<String>) -> String {
        self.single(Single::Text(text.into()), "text")
    }

    fn single(&mut self, single: Single, kind: &str) -> String {
        self.parameters.push(Parameter::Single(single));
        format!("${}::{kind}", self.parameters.len())
    }

    /// A place for ids.
    pub(super) fn ids(&mut self, ids: impl IntoIterator<Item = Uuid>) -> String {
        let rows = self.rows("ids", [("id", Column::Uuids(ids.into_iter().map(Some).collect()))]);
        format!("ARRAY(SELECT id FROM {rows})")
    }

    /// A place for rows, under a name.
    pub(super) fn rows<const N: usize>(&mut self, name: &str, columns: [(&str, Column<'a>); N]) -> String {
        match self.form {
            Form::Arrays => self.arrays(name, columns),
            Form::Json => self.json(name, &columns),
        }
    }

    fn arrays<const N: usize>(&mut self, name: &str, columns: [(&str, Column<'a>); N]) -> String {
        let (mut places, mut names) = (String::new(), String::new());
        for (at, (column, values)) in columns.into_iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            let kind = values.kind();
            self.parameters.push(Parameter::Column(values));
            let _infallible = write!(places, "{comma}${}::{kind}[]", self.parameters.len());
            let _infallible = write!(names, "{comma}{column}");
        }
        format!("unnest({places}) AS {name} ({names})")
    }

    fn json<const N: usize>(&mut self, name: &str, columns: &[(&str, Column<'a>); N]) -> String {
        let mut rows = vec![Map::new(); columns[0].1.len()];
        for (column, values) in columns {
            for (at, row) in rows.iter_mut().enumerate() {
                row.insert((*column).to_owned(), values.json(at));
            }
        }
        let place = self.string(json!(rows).to_string());
        let kinds: Vec<_> = columns.iter().map(|(column, values)| format!("{column} {}", values.kind())).collect();
        format!("json_to_recordset({place}::json) AS {name} ({})", kinds.join(", "))
    }

    /// The call with its text.
    pub(super) fn saying(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// Sends it on a connection; gives the rows of the answer.
    pub(super) async fn on(self, connection: &mut PgConnection) -> Result<Vec<PgRow>, sqlx::Error> {
        let mut arguments = PgArguments::default();
        for parameter in self.parameters {
            parameter.bind(&mut arguments).map_err(sqlx::Error::Encode)?;
        }
        let query = sqlx::query_with(AssertSqlSafe(self.text), arguments);
        query.fetch(connection).try_collect().await
    }

    /// Sends it in a transaction of sea-orm's; gives what is read from the rows of the answer.
    pub(super) async fn within<T>(
        self,
        transaction: &DatabaseTransaction,
        read: impl Fn(&PgRow) -> Result<T, sqlx::Error>,
    ) -> Result<Vec<T>, DbErr> {
        let values: Vec<Value> = self.parameters.into_iter().filter_map(Parameter::value).collect();
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, self.text, values);
        let rows = transaction.query_all_raw(statement).await?;
        let rows = rows.iter().filter_map(sea_orm::QueryResult::try_as_pg_row);
        rows.map(|row| read(row).map_err(failed_query)).collect()
    }
}

impl Column<'_> {
    fn kind(&self) -> &'static str {
        match self {
            Self::Uuids(_) => "uuid",
            Self::Longs(_) => "bigint",
            Self::Integers(_) => "integer",
            Self::Shorts(_) => "smallint",
            Self::Doubles(_) => "double precision",
            Self::Texts(_) => "text",
            Self::Flags(_) => "boolean",
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Uuids(values) => values.len(),
            Self::Longs(values) => values.len(),
            Self::Integers(values) => values.len(),
            Self::Shorts(values) => values.len(),
            Self::Doubles(values) => values.len(),
            Self::Texts(values) => values.len(),
            Self::Flags(values) => values.len(),
        }
    }

    fn json(&self, at: usize) -> Json {
        match self {
            Self::Uuids(values) => json!(values[at]),
            Self::Longs(values) => json!(values[at]),
            Self::Integers(values) => json!(values[at]),
            Self::Shorts(values) => json!(values[at]),
            Self::Doubles(values) => json!(values[at]),
            Self::Texts(values) => json!(values[at]),
            Self::Flags(values) => json!(values[at]),
        }
    }
}

impl Parameter<'_> {
    fn bind(self, arguments: &mut PgArguments) -> Result<(), values::BoxError> {
        match self {
            Self::Column(Column::Uuids(values)) => arguments.add(values),
            Self::Column(Column::Longs(values)) => arguments.add(values),
            Self::Column(Column::Integers(values)) => arguments.add(values),
            Self::Column(Column::Shorts(values)) => arguments.add(values),
            Self::Column(Column::Doubles(values)) => arguments.add(values),
            Self::Column(Column::Texts(values)) => arguments.add(values),
            Self::Column(Column::Flags(values)) => arguments.add(values),
            Self::Single(Single::Uuid(id)) => arguments.add(id),
            Self::Single(Single::Long(number)) => arguments.add(number),
            Self::Single(Single::Text(text)) => arguments.add(text),
        }
    }

    /// In transactions of sea-orm there are no columns: they are sent as JSON.
    fn value(self) -> Option<Value> {
        match self {
            Self::Column(_) => None,
            Self::Single(Single::Uuid(id)) => Some(id.into()),
            Self::Single(Single::Long(number)) => Some(number.into()),
            Self::Single(Single::Text(text)) => Some(text.into()),
        }
    }
}
