//! The log of a host, and the traces that it sends.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, Layer, Registry, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{LogFormat, Settings, WorkerError, traces::Traces};

type Layers = Vec<Box<dyn Layer<Registry> + Send + Sync>>;

/// Begins to log, and to send traces where a collector is named. Where the program has a subscriber of its own, that one
/// stays, and traces are its business too.
///
/// `RUST_LOG` says what is logged; `info` and above if it says nothing.
pub(crate) fn begin(settings: &Settings) -> Result<Option<Traces>, WorkerError> {
    let mut layers: Layers = vec![log(settings.log)];
    let traces = settings.otlp.as_ref().map(Traces::to).transpose()?;
    layers.extend(traces.as_ref().map(Traces::layer));
    // It fails where there is one already.
    Ok(if tracing_subscriber::registry().with(layers).try_init().is_ok() { traces } else { None })
}

fn log(format: LogFormat) -> Box<dyn Layer<Registry> + Send + Sync> {
    // Each start of a host looks for migrations, and says so at length.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sea_orm_migration=warn"));
    // Not to the standard output: that is for what a program makes.
    let layer =
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Json => layer.json().flatten_event(true).with_filter(filter).boxed(),
        LogFormat::Human => layer.with_filter(filter).boxed(),
    }
}
