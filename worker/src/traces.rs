//! Sends spans to an OpenTelemetry collector, by OTLP over HTTP.

#[cfg(feature = "otel")]
pub(crate) use sending::Traces;
#[cfg(not(feature = "otel"))]
pub(crate) use without::Traces;

#[cfg(feature = "otel")]
mod sending {
    use std::{
        collections::HashMap,
        sync::atomic::{AtomicBool, Ordering::Relaxed},
        time::Duration,
    };

    use base64::{Engine, prelude::BASE64_STANDARD};
    use opentelemetry::{KeyValue, trace::TracerProvider};
    use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
    use opentelemetry_sdk::{
        Resource,
        error::OTelSdkResult,
        trace::{SdkTracerProvider, SpanData},
    };
    use percent_encoding::percent_decode_str;
    use tracing::level_filters::LevelFilter;
    use tracing_subscriber::{Layer, Registry, filter::Targets};
    use url::Url;

    use crate::{Address, WorkerError};

    const SERVICE: &str = "stagemark-worker";
    /// How long the last spans may take to be sent.
    const LAST: Duration = Duration::from_secs(3);

    /// What sends spans, in batches, from a thread of its own; under load it drops some rather than wait.
    pub(crate) struct Traces {
        provider: SdkTracerProvider,
    }

    impl Traces {
        /// Sends spans to a collector. `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_EXPORTER_OTLP_HEADERS` and
        /// the `OTEL_BSP_…` variables mean what they do everywhere.
        pub(crate) fn to(collector: &Address) -> Result<Self, WorkerError> {
            let refused = || WorkerError::Traces { address: collector.clone() };
            let (endpoint, headers) = endpoint(collector).ok_or_else(refused)?;
            let builder = SpanExporter::builder().with_http().with_endpoint(endpoint).with_headers(headers);
            // What it says of a wrong address has the address in it.
            let inner = builder.build().map_err(|_| refused())?;
            let exporter = Exporter { inner, collector: collector.clone(), failing: AtomicBool::new(false) };
            let host = KeyValue::new("service.instance.id", format!("{:016x}-{}", instance(), std::process::id()));
            let mut resource = Resource::builder().with_attribute(host);
            if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
                resource = resource.with_service_name(SERVICE);
            }
            let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build());
            Ok(Self { provider: provider.build() })
        }

        /// Makes spans of those of `tracing`: the engine's and the steps' in detail, others' from `info` on.
        pub(crate) fn layer(&self) -> Box<dyn Layer<Registry> + Send + Sync> {
            let filter = Targets::new().with_default(LevelFilter::INFO).with_target("stagemark", LevelFilter::DEBUG);
            let tracer = self.provider.tracer("stagemark");
            let layer = tracing_opentelemetry::layer().with_tracer(tracer);
            layer.with_location(false).with_threads(false).with_filter(filter).boxed()
        }

        /// Sends what is left.
        pub(crate) async fn end(self) {
            let ended = tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(LAST)).await;
            if !matches!(ended, Ok(Ok(()))) {
                tracing::warn!("the last spans were not sent");
            }
        }
    }

    /// Where spans go, and the header that shows who sends them: a user and a password in the address would be logged by
    /// the client of HTTP.
    fn endpoint(collector: &Address) -> Option<(String, HashMap<String, String>)> {
        let mut url = Url::parse(collector.expose()).ok()?;
        let mut headers = HashMap::new();
        if !url.username().is_empty() || url.password().is_some() {
            let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
            let (user, password) = (decoded(url.username()), decoded(url.password().unwrap_or_default()));
            let shown = BASE64_STANDARD.encode(format!("{user}:{password}"));
            headers.insert("authorization".to_owned(), format!("Basic {shown}"));
            url.set_username("").ok()?;
            url.set_password(None).ok()?;
        }
        url.path_segments_mut().ok()?.pop_if_empty().extend(["v1", "traces"]);
        Some((url.into(), headers))
    }

    /// Tells two processes of one number on two hosts apart.
    fn instance() -> u64 {
        use std::hash::{BuildHasher, RandomState};
        RandomState::new().hash_one(std::process::id())
    }

    /// Says once that a collector is away, and once that it is back.
    #[derive(Debug)]
    struct Exporter {
        inner: SpanExporter,
        collector: Address,
        failing: AtomicBool,
    }

    impl opentelemetry_sdk::trace::SpanExporter for Exporter {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            let exported = self.inner.export(batch).await;
            match (&exported, self.failing.swap(exported.is_err(), Relaxed)) {
                // The error has the whole address in it.
                (Err(_), false) => tracing::warn!(collector = %self.collector, "spans are not taken, and dropped"),
                (Ok(()), true) => tracing::info!(collector = %self.collector, "spans are taken again"),
                _ => {}
            }
            exported
        }

        fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
            self.inner.shutdown_with_timeout(timeout)
        }

        fn set_resource(&mut self, resource: &Resource) {
            self.inner.set_resource(resource);
        }
    }
}

#[cfg(not(feature = "otel"))]
mod without {
    use tracing_subscriber::{Layer, Registry};

    use crate::{Address, WorkerError};

    /// Sends nothing: the program was built without it.
    pub(crate) enum Traces {}

    impl Traces {
        pub(crate) fn to(_: &Address) -> Result<Self, WorkerError> {
            Err(WorkerError::NotBuilt { setting: "otlp_endpoint", feature: "otel" })
        }

        pub(crate) fn layer(&self) -> Box<dyn Layer<Registry> + Send + Sync> {
            match *self {}
        }

        #[expect(clippy::unused_async, reason = "as it is where traces are sent")]
        pub(crate) async fn end(self) {
            match self {}
        }
    }
}
