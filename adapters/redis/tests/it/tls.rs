//! TLS to a real Redis, whose certificate is of an authority of the test's own.

use std::{
    fs,
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
};

use stagemark_redis::{Redis, RedisError};
use tempfile::TempDir;

use crate::fixture::{answers, until};

/// A Redis that speaks TLS alone, and ends with this value.
struct Encrypted {
    server: Child,
    port: u16,
    folder: TempDir,
}

impl Drop for Encrypted {
    fn drop(&mut self) {
        // One that has ended already is as good.
        let _ended = self.server.kill();
        drop(self.server.wait());
    }
}

impl Encrypted {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        certify(folder.path());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let settings = [
            ["--port", "0"],
            ["--tls-port", &port.to_string()],
            ["--bind", "127.0.0.1"],
            ["--tls-cert-file", "server.pem"],
            ["--tls-key-file", "server.key"],
            ["--tls-ca-cert-file", "authority.pem"],
            ["--tls-auth-clients", "no"],
            ["--save", ""],
        ];
        // With this process it ends too, however that ends.
        let mut redis = Command::new("setpriv");
        redis.args(["--pdeathsig", "KILL", "redis-server"]).args(settings.as_flattened()).current_dir(&folder);
        let server = redis.stdout(Stdio::null()).process_group(0).spawn().unwrap();
        Self { server, port, folder }
    }

    fn url(&self) -> String {
        format!("rediss://127.0.0.1:{}", self.port)
    }

    fn authority(&self) -> Vec<u8> {
        fs::read(self.folder.path().join("authority.pem")).unwrap()
    }
}

/// Makes an authority, and a certificate of it for this machine.
fn certify(folder: &Path) {
    fs::write(folder.join("server.ext"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    openssl(
        folder,
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority -keyout authority.key -out authority.pem",
    );
    openssl(
        folder,
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=redis -keyout server.key -out server.csr",
    );
    openssl(
        folder,
        "x509 -req -in server.csr -CA authority.pem -CAkey authority.key -CAcreateserial -days 2 -extfile server.ext -out server.pem",
    );
}

fn openssl(folder: &Path, arguments: &str) {
    let mut openssl = Command::new("openssl");
    let done = openssl.args(arguments.split(' ')).current_dir(folder).stderr(Stdio::null()).status().unwrap();
    assert!(done.success(), "openssl {arguments}");
}

#[tokio::test]
async fn a_server_whose_certificate_is_trusted_is_used() {
    let server = Encrypted::start();
    let options = Redis::options(&server.url()).unwrap().trust(&server.authority()).unwrap();

    let redis = options.connect().await.unwrap();

    until(async || answers(&redis).await).await;
}

#[tokio::test]
async fn a_server_whose_certificate_is_not_trusted_is_refused() {
    let (server, other) = (Encrypted::start(), Encrypted::start());
    let options = Redis::options(&server.url()).unwrap().trust(&other.authority()).unwrap();

    let refused = options.connect().await.unwrap_err();

    assert!(matches!(refused, RedisError::Refused(_)), "{refused:?}");
}

#[test]
fn what_is_no_certificate_is_refused() {
    let nothing = Redis::options("rediss://cache").unwrap().trust(b"no certificate").unwrap_err();

    assert!(matches!(nothing, RedisError::Trust { .. }), "{nothing:?}");
}
