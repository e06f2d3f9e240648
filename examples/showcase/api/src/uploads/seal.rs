//! Tokens in URLs that permit one thing: to put one part of one upload, of one length, for a while.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use uuid::Uuid;

/// What the key is for: the secret signs other things too, and none of them must pass for another.
const PURPOSE: &[u8] = b"stagemark-contest upload part v1";
const TOKEN_BYTES: usize = 16 + 16 + 4 + 8 + 8;

/// What a token permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) video: Uuid,
    pub(crate) upload: Uuid,
    pub(crate) number: u32,
    pub(crate) size_bytes: u64,
    /// In milliseconds since 1970.
    pub(crate) expires_at: i64,
}

/// Makes tokens, and knows them again.
#[derive(Clone)]
pub(super) struct Seal {
    mac: Hmac<Sha256>,
}

impl Seal {
    pub(super) fn new(secret: &SecretString) -> Self {
        let mut derive = mac(secret.expose_secret().as_bytes());
        derive.update(PURPOSE);
        Self { mac: mac(&derive.finalize().into_bytes()) }
    }

    pub(super) fn seal(&self, token: &Token) -> String {
        let mut bytes = token.to_bytes().to_vec();
        let mut mac = self.mac.clone();
        mac.update(&bytes);
        bytes.extend_from_slice(&mac.finalize().into_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a token permits, if it was made with this secret.
    pub(super) fn open(&self, token: &str) -> Option<Token> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
        let (token, tag) = bytes.split_first_chunk::<TOKEN_BYTES>()?;
        let mut mac = self.mac.clone();
        mac.update(token);
        // In a time that does not tell how much of it was right.
        mac.verify_slice(tag).ok()?;
        Token::from_bytes(token)
    }
}

fn mac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("a key of any length will do")
}

impl Token {
    fn to_bytes(self) -> [u8; TOKEN_BYTES] {
        let mut bytes = [0; TOKEN_BYTES];
        bytes[..16].copy_from_slice(self.video.as_bytes());
        bytes[16..32].copy_from_slice(self.upload.as_bytes());
        bytes[32..36].copy_from_slice(&self.number.to_be_bytes());
        bytes[36..44].copy_from_slice(&self.size_bytes.to_be_bytes());
        bytes[44..].copy_from_slice(&self.expires_at.to_be_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; TOKEN_BYTES]) -> Option<Self> {
        Some(Self {
            video: Uuid::from_slice(&bytes[..16]).ok()?,
            upload: Uuid::from_slice(&bytes[16..32]).ok()?,
            number: u32::from_be_bytes(bytes[32..36].try_into().ok()?),
            size_bytes: u64::from_be_bytes(bytes[36..44].try_into().ok()?),
            expires_at: i64::from_be_bytes(bytes[44..].try_into().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> Token {
        Token { video: Uuid::now_v7(), upload: Uuid::now_v7(), number: 3, size_bytes: 8 << 20, expires_at: 1 << 40 }
    }

    #[test]
    fn a_token_says_what_was_sealed() {
        let (seal, token) = (Seal::new(&"secret".into()), token());

        assert_eq!(seal.open(&seal.seal(&token)), Some(token));
    }

    #[test]
    fn a_token_of_which_one_bit_differs_is_none() {
        let seal = Seal::new(&"secret".into());
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(seal.seal(&token())).unwrap();

        for bit in 0..sealed.len() * 8 {
            let mut forged = sealed.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(seal.open(&BASE64_URL_SAFE_NO_PAD.encode(forged)), None, "bit {bit}");
        }
    }

    #[test]
    fn a_token_of_another_secret_or_length_is_none() {
        let seal = Seal::new(&"secret".into());
        let sealed = seal.seal(&token());

        assert_eq!(Seal::new(&"another".into()).open(&sealed), None);
        for forged in ["", "x", &sealed[..sealed.len() - 4], &format!("{sealed}AAAA"), &sealed.replace('-', "+")] {
            assert!(*forged == *sealed || seal.open(forged).is_none(), "{forged}");
        }
    }
}
