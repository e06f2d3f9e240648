//! Steps and callers that write in the same transaction as the store.

use std::{any::Any, fmt, sync::Arc};

use async_trait::async_trait;
use futures::future::BoxFuture;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr};
use stagemark::{
    Attempt, Payload, Run, StepError, Submit, SubmitError,
    ports::{Companion, NewRun, Outcome, Write},
};

use crate::error::failed;

/// Lets a step write its own rows in the transaction that commits its marker.
///
/// What is written is there if, and only if, the step is done: it is not there twice when the step is tried again, and
/// not there without the marker after a crash. The tables must lie in the database of the store.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let url = format!("sqlite://{}", folder.path().join("shop.db").display());
/// use sea_orm::{ConnectionTrait, Database};
/// use stagemark::{Engine, Name, Workflow, from_fn};
/// use stagemark_sql::{InTransaction, SqlStore};
///
/// const SELL: Workflow<i32, i32> = Workflow::new("sell");
/// const BOOK: Name = Name::new("book");
/// let sell = SELL.define(|price| {
///     price.then(from_fn(BOOK, |attempt, price: i32| async move {
///         attempt.transaction(move |transaction| {
///             Box::pin(async move {
///                 transaction.execute_unprepared(&format!("INSERT INTO sale (price) VALUES ({price})")).await?;
///                 Ok(())
///             })
///         });
///         Ok(price)
///     }))
/// });
///
/// let engine = Engine::builder(SqlStore::open(&url).await?).serve(sell).start().await?;
/// let shop = Database::connect(&url).await?;
/// shop.execute_unprepared("CREATE TABLE sale (price INTEGER)").await?;
/// engine.submit(SELL, 7).await?.result().await?;
///
/// let sales = shop.query_one_raw(sea_orm::Statement::from_string(shop.get_database_backend(), "SELECT price FROM sale"));
/// assert_eq!(sales.await?.unwrap().try_get_by_index::<i32>(0)?, 7);
/// # Ok(()) }
/// ```
pub trait InTransaction {
    /// Has this called in the transaction that commits the marker, should the attempt succeed. It is called once for
    /// each try to commit, and may be called again after a try that failed; its error is that of the attempt.
    ///
    /// All of this process wait for it: it writes rows and does nothing else.
    fn transaction<F>(&self, write: F)
    where
        F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<(), StepError>> + Send + Sync + 'static;
}

impl InTransaction for Attempt {
    fn transaction<F>(&self, write: F)
    where
        F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<(), StepError>> + Send + Sync + 'static,
    {
        self.accompany(Beside { write });
    }
}

/// What a step writes beside its marker.
struct Beside<F> {
    write: F,
}

impl<F> fmt::Debug for Beside<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Beside").finish_non_exhaustive()
    }
}

#[async_trait]
impl<F> Companion for Beside<F>
where
    F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<(), StepError>> + Send + Sync,
{
    async fn write(&self, transaction: &(dyn Any + Send + Sync)) -> Result<(), StepError> {
        let Some(transaction) = transaction.downcast_ref::<DatabaseTransaction>() else {
            return Err(StepError::permanent("the runs are not kept by SqlStore, whose transactions this step needs"));
        };
        (self.write)(transaction).await
    }
}

/// Submits a run in a transaction of the caller's: with the caller's rows, or not at all.
///
/// The transaction must be on the database of the store. Once it is committed, [`Run::wake`] tells workers of the run;
/// without that they find it by themselves, within a poll interval.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let url = format!("sqlite://{}", folder.path().join("shop.db").display());
/// use sea_orm::{ConnectionTrait, Database, TransactionTrait};
/// use stagemark::{Engine, Workflow};
/// use stagemark_sql::{SqlStore, SubmitIn};
///
/// const SHIP: Workflow<i32, i32> = Workflow::new("ship");
/// let engine = Engine::builder(SqlStore::open(&url).await?).serve(SHIP.define(|order| order)).start().await?;
/// let shop = Database::connect(&url).await?;
/// shop.execute_unprepared("CREATE TABLE sale (number INTEGER)").await?;
///
/// let transaction = shop.begin().await?;
/// transaction.execute_unprepared("INSERT INTO sale (number) VALUES (42)").await?;
/// let run = engine.submit(SHIP, 42).key("order-42").submit_in(&transaction).await?;
/// transaction.commit().await?;
/// run.wake();
///
/// assert_eq!(run.result().await?, 42);
/// # Ok(()) }
/// ```
#[async_trait]
pub trait SubmitIn<Out> {
    /// Writes the submission in this transaction. A key that is used already gives the run that it belongs to.
    ///
    /// # Errors
    /// As awaiting the submission.
    async fn submit_in(self, transaction: &DatabaseTransaction) -> Result<Run<Out>, SubmitError>;
}

#[async_trait]
impl<In: Payload, Out: Payload> SubmitIn<Out> for Submit<In, Out> {
    async fn submit_in(self, transaction: &DatabaseTransaction) -> Result<Run<Out>, SubmitError> {
        let prepared = self.prepare().await?;
        let Write::Submit(run) = prepared.write() else { return Err(SubmitError::Closed) };
        let failed = |error| SubmitError::Store(Arc::new(failed("submitting a run in a transaction", error)));
        let outcome = submit(transaction, run).await.map_err(failed)?;
        prepared.settle(outcome)
    }
}

async fn submit(transaction: &DatabaseTransaction, run: &NewRun) -> Result<Outcome, DbErr> {
    match transaction.get_database_backend() {
        #[cfg(feature = "sqlite")]
        DbBackend::Sqlite => crate::sqlite::submit(transaction, run).await,
        #[cfg(feature = "postgres")]
        DbBackend::Postgres => crate::postgres::submit(transaction, run).await,
        other => Err(DbErr::BackendNotSupported { db: other.as_str(), ctx: "submitting runs" }),
    }
}
