//! What an operator sees in the log.

use std::{
    io,
    sync::{Arc, Mutex},
};

use tracing_subscriber::fmt::MakeWriter;

use crate::fixture::{Fixture, ONE_STEP, finish, one_step};

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

#[tokio::test]
async fn what_a_step_logs_stands_in_a_span_of_run_step_and_attempt() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let fixture = Fixture::new();
    let engine = fixture
        .serve(one_step(|attempt, n| async move {
            tracing::info!("at work");
            if attempt.number() == 1 { Err("again".into()) } else { Ok(n) }
        }))
        .await;

    let run = engine.submit(ONE_STEP, 1).await.unwrap();
    run.result().await.unwrap();
    finish(engine).await;
    drop(guard);

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for attempt in [1, 2] {
        let span = format!("attempt{{run={} step=only attempt={attempt}}}: it::spans: at work", run.id());
        assert!(log.contains(&span), "{log}");
    }
    assert!(log.contains("run begun") && log.contains("run ended"), "{log}");
}
