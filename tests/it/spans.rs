//! What an operator sees in the log.

use std::{
    io,
    sync::{Arc, Mutex},
};

use stagemark::Attempt;
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    fixture::{Fixture, ONE_STEP, finish, one_step},
    passes::{ELEVEN_MORE, eleven_more},
};

/// What was logged.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn says(&self, words: &str) -> bool {
        String::from_utf8_lossy(&self.0.lock().unwrap()).contains(words)
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// What is logged while this is done.
async fn logged(work: impl AsyncFnOnce()) -> String {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    work().await;
    drop(guard);
    String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
}

#[tokio::test]
async fn a_pass_is_one_span_that_names_its_steps() {
    let fixture = Fixture::new();
    let log = logged(async || {
        let engine = fixture.serve(eleven_more(fixture.path())).await;
        engine.submit(ELEVEN_MORE, 1).await.unwrap().result().await.unwrap();
        finish(engine).await;
    })
    .await;

    assert!(log.contains(r#"step=add-two attempt=1 members="add-five, add-four, add-two""#), "{log}");
    assert_eq!(log.matches(": added").count(), 1, "{log}");
}

#[tokio::test]
async fn what_a_step_logs_stands_in_a_span_of_run_step_and_attempt() {
    let fixture = Fixture::new();
    let step = |attempt: Attempt, n| async move {
        tracing::info!("at work");
        if attempt.number() == 1 { Err("again".into()) } else { Ok(n) }
    };
    let mut id = None;
    let log = logged(async || {
        let engine = fixture.serve(one_step(step)).await;
        let run = engine.submit(ONE_STEP, 1).await.unwrap();
        run.result().await.unwrap();
        id = Some(run.id());
        finish(engine).await;
    })
    .await;

    let run = id.unwrap();
    for attempt in [1, 2] {
        let span = format!("attempt{{run={run} step=only attempt={attempt}}}: it::spans: at work");
        assert!(log.contains(&span), "{log}");
    }
    assert!(log.contains("run begun") && log.contains("run ended"), "{log}");
}

#[tokio::test]
async fn without_a_collector_too_the_id_of_the_trace_stands_in_the_log_and_in_the_status() {
    const ID: &str = "0af7651916cd43dd8448eb211c80319c";
    let fixture = Fixture::new();
    let named = format!("00-{ID}-b7ad6b7169203331-01");
    let step = |_, n| async move {
        tracing::info!("at work");
        Ok(n)
    };
    let mut told = None;
    let log = logged(async || {
        let engine = fixture.serve(one_step(step)).await;
        let run = engine.submit(ONE_STEP, 1).trace(&*named).await.unwrap();
        run.result().await.unwrap();
        told = run.status().await.unwrap().trace;
        finish(engine).await;
    })
    .await;

    assert_eq!(told.as_deref(), Some(&*named));
    for said in ["at work", "run begun", "run ended"] {
        let line = log.lines().find(|line| line.contains(said)).unwrap_or_else(|| panic!("no {said:?} in {log}"));
        assert!(line.contains(&format!("trace=\"{ID}\"")), "{line}");
    }
}
