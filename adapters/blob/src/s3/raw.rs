//! Requests that `object_store` has no words for.

use std::{fmt, time::Duration};

use chrono::Utc;
use object_store::aws::AwsCredentialProvider;
use reqwest::{Client, Method, StatusCode, header::HeaderMap};
use tokio::time::{Instant, sleep};

use super::{
    open::S3OpenError,
    options::S3Options,
    sigv4::{Request, Seal, sign},
};

/// How long a signature holds that is used at once; clocks may differ by some minutes.
const VALID: Duration = Duration::from_mins(5);
/// The first and the longest wait between two tries.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(3);

pub(crate) type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Signs requests, and sends them.
pub(crate) struct Raw {
    client: Client,
    credentials: AwsCredentialProvider,
    bucket_url: String,
    public_url: String,
    region: String,
    patience: Duration,
}

/// What a store answers.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Raw {
    pub(crate) fn new(options: &S3Options, credentials: AwsCredentialProvider) -> Result<Self, S3OpenError> {
        let (request_max, patience) = options.limits();
        let client = Client::builder().timeout(request_max).connect_timeout(Duration::from_secs(5)).build();
        let client = client.map_err(|error| S3OpenError::Settings { what: error.to_string() })?;
        let (bucket_url, public_url) = (options.bucket_url(), options.public_url());
        Ok(Self { client, credentials, bucket_url, public_url, region: options.signing_region(), patience })
    }

    /// The signed URL of a request that others will make, for this long.
    pub(crate) async fn url<'a>(&'a self, mut request: Request<'a>, valid: Duration) -> Result<String, Fault> {
        request.bucket = &self.public_url;
        self.signed(&request, valid).await
    }

    async fn signed(&self, request: &Request<'_>, valid: Duration) -> Result<String, Fault> {
        let credential = self.credentials.get_credential().await?;
        Ok(sign(request, Seal { credential: &credential, region: &self.region, now: Utc::now(), valid }))
    }

    /// Sends a request, again where the store could not answer it.
    pub(crate) async fn send(&self, request: &Request<'_>, body: &str) -> Result<Answer, Fault> {
        let (begun, mut wait) = (Instant::now(), FIRST_WAIT);
        loop {
            let answer = self.send_once(request, body).await;
            let is_answered = answer.as_ref().is_ok_and(|answer| !answer.status.is_server_error());
            if is_answered || begun.elapsed() + wait > self.patience {
                return answer;
            }
            sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    async fn send_once(&self, request: &Request<'_>, body: &str) -> Result<Answer, Fault> {
        let (query, headers) = (request.query.clone(), request.headers.clone());
        let url = self.signed(&Request { bucket: &self.bucket_url, query, headers, ..*request }, VALID).await?;
        let mut sent = self.client.request(Method::from_bytes(request.method.as_bytes())?, url);
        for (name, value) in &request.headers {
            sent = sent.header(*name, value);
        }
        // An error would show the URL, and with it the signature.
        let answer = sent.body(body.to_owned()).send().await.map_err(reqwest::Error::without_url)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        Ok(Answer { status, headers, text: answer.text().await.map_err(reqwest::Error::without_url)? })
    }
}

impl Answer {
    /// The text of an answer that is a yes.
    pub(crate) fn granted(self) -> Result<String, Fault> {
        // A request that takes long is begun with a yes, and may end with an error all the same.
        if self.status.is_success() && !self.text.contains("<Error>") {
            return Ok(self.text);
        }
        let code = self.text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
        Err(format!("the store answered {} {}", self.status, code.map_or("", |(code, _)| code)).into())
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raw").field("region", &self.region).finish_non_exhaustive()
    }
}
