//! Signatures of AWS, version 4, in the query of a URL.
//!
//! Of its own, because `object_store` signs no length, and an upload without one can be as long as its sender likes.

use std::{fmt::Write, time::Duration};

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use object_store::aws::AwsCredential;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

/// What AWS leaves as it is; all else is encoded.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const PLAIN_IN_PATHS: &AsciiSet = &PLAIN.remove(b'/');
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// A request to be signed.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    /// The URL of the bucket.
    pub(crate) bucket: &'a str,
    /// The name of the object as the store keeps it; empty for the bucket itself.
    pub(crate) object: &'a str,
    pub(crate) query: Vec<(&'a str, String)>,
    /// Names, in lower case, and values that whoever sends it must send too.
    pub(crate) headers: Vec<(&'a str, String)>,
}

/// Who signs, for where, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seal<'a> {
    pub(crate) credential: &'a AwsCredential,
    pub(crate) region: &'a str,
    pub(crate) now: DateTime<Utc>,
    pub(crate) valid: Duration,
}

/// The URL of the request, signed.
pub(crate) fn sign(request: &Request<'_>, seal: Seal<'_>) -> String {
    let (scheme, rest) = request.bucket.split_once("://").unwrap_or(("https", request.bucket));
    let (host, bucket) = rest.split_once('/').unwrap_or((rest, ""));
    let bucket = if bucket.is_empty() { String::new() } else { format!("/{bucket}") };
    let path = utf8_percent_encode(&format!("{bucket}/{}", request.object), PLAIN_IN_PATHS).to_string();
    let mut headers = request.headers.clone();
    headers.push(("host", host.to_owned()));
    headers.sort_unstable();
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let (day, time) = (seal.now.format("%Y%m%d").to_string(), seal.now.format("%Y%m%dT%H%M%SZ").to_string());
    let scope = format!("{day}/{}/s3/aws4_request", seal.region);

    let query = query(request, seal, [&scope, &time, &names]);
    let headers = headers.iter().fold(String::new(), |mut lines, (name, value)| {
        // Writing to a string does not fail.
        let _written = writeln!(lines, "{name}:{}", value.trim());
        lines
    });
    let canonical = format!("{}\n{path}\n{query}\n{headers}\n{names}\nUNSIGNED-PAYLOAD", request.method);
    let text = format!("{ALGORITHM}\n{time}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let first = format!("AWS4{}", seal.credential.secret_key).into_bytes();
    let key = [day.as_str(), seal.region, "s3", "aws4_request"].iter().fold(first, |key, word| mac(&key, word));
    format!("{scheme}://{host}{path}?{query}&X-Amz-Signature={}", hex(&mac(&key, &text)))
}

/// The query but for the signature, sorted.
fn query(request: &Request<'_>, seal: Seal<'_>, [scope, time, names]: [&str; 3]) -> String {
    let mut pairs = request.query.clone();
    pairs.extend([
        ("X-Amz-Algorithm", ALGORITHM.to_owned()),
        ("X-Amz-Credential", format!("{}/{scope}", seal.credential.key_id)),
        ("X-Amz-Date", time.to_owned()),
        ("X-Amz-Expires", seal.valid.as_secs().to_string()),
        ("X-Amz-SignedHeaders", names.to_owned()),
    ]);
    if let Some(token) = &seal.credential.token {
        pairs.push(("X-Amz-Security-Token", token.clone()));
    }
    pairs.sort_unstable();
    let encoded = |text: &str| utf8_percent_encode(text, PLAIN).to_string();
    pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect::<Vec<_>>().join("&")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string does not fail.
        let _written = write!(text, "{byte:02x}");
        text
    })
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example in AWS's documentation of signatures in queries.
    #[test]
    fn the_example_of_the_documentation_is_signed_as_it_says() {
        let credential = AwsCredential {
            key_id: "AKIAIOSFODNN7EXAMPLE".into(),
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
            token: None,
        };
        let now = DateTime::from_timestamp(1_369_353_600, 0).unwrap();
        let seal = Seal { credential: &credential, region: "us-east-1", now, valid: Duration::from_hours(24) };
        let request = Request {
            method: "GET",
            bucket: "https://examplebucket.s3.amazonaws.com",
            object: "test.txt",
            query: vec![],
            headers: vec![],
        };

        let url = sign(&request, seal);

        assert!(url.ends_with("aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"), "{url}");
    }
}
