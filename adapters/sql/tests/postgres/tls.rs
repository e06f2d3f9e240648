//! Encrypted connections: to the right server alone.

use rcgen::CertifiedKey;
use stagemark::ports::{Store, StoreError, StoreErrorKind};
use stagemark_services::Postgres;
use stagemark_sql::SqlStore;
use tempfile::TempDir;

use crate::faults::chain;

/// A server with a certificate for `localhost`, and a folder with the authority to trust for it and with another one.
struct Encrypted {
    server: Postgres,
    folder: TempDir,
}

impl Encrypted {
    async fn start() -> Self {
        tokio::task::spawn_blocking(Self::serve).await.unwrap()
    }

    fn serve() -> Self {
        let (server, folder) = (Postgres::temporary().unwrap(), tempfile::tempdir().unwrap());
        let [right, wrong] = [(); 2].map(|()| rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap());
        let CertifiedKey { cert, signing_key } = right;
        for (name, authority) in [("right.pem", cert.pem()), ("wrong.pem", wrong.cert.pem())] {
            std::fs::write(folder.path().join(name), authority).unwrap();
        }
        // The server writes them itself: it takes no key that others may read.
        for (name, pem) in [("server.crt", cert.pem()), ("server.key", signing_key.serialize_pem())] {
            let lines = format!("SELECT regexp_split_to_table('{}', '\\n')", pem.trim());
            server.sql(&format!("COPY ({lines}) TO PROGRAM 'umask 077; cat > {name}'")).unwrap();
        }
        server.sql("ALTER SYSTEM SET ssl = on").unwrap();
        server.restart().unwrap();
        Self { server, folder }
    }

    /// Opens it as a host of this name, with this authority to trust.
    async fn open(&self, host: &str, authority: &str) -> Result<SqlStore, StoreError> {
        let authority = self.folder.path().join(authority);
        let url = self.server.url().replace("@127.0.0.1:", &format!("@{host}:"));
        SqlStore::open(&format!("{url}?sslmode=verify-full&sslrootcert={}", authority.display())).await
    }

    /// Refused, and says why, but not with what password it was tried.
    async fn refuses(&self, host: &str, authority: &str, why: &str) {
        let refused = self.open(host, authority).await.unwrap_err();

        assert_eq!(refused.kind, StoreErrorKind::Untrusted, "{refused:?}");
        let said = chain(&refused);
        assert!(said.contains(why), "{said}");
        assert!(!said.contains(self.server.place().secret().reveal()), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_a_trusted_authority_vouches_for_is_used_encrypted() {
    let encrypted = Encrypted::start().await;

    let store = encrypted.open("localhost", "right.pem").await.unwrap();

    assert_eq!(store.graph("w", 1, None).await.unwrap(), None);
    let plain = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
        WHERE application_name = 'stagemark' AND NOT ssl";
    let all = "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'stagemark'";
    assert_eq!(encrypted.server.sql(plain).unwrap(), "0", "connections of the store that are not encrypted");
    assert_eq!(encrypted.server.sql(all).unwrap(), "t", "the store is connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_be_trusted_is_refused() {
    let encrypted = Encrypted::start().await;

    encrypted.refuses("localhost", "wrong.pem", "invalid peer certificate").await;
    encrypted.refuses("127.0.0.1", "right.pem", "not valid for name").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_encrypt_is_refused() {
    let server = Postgres::temporary().unwrap();

    let refused = SqlStore::open(&format!("{}?sslmode=require", server.url())).await.unwrap_err();

    assert_eq!(refused.kind, StoreErrorKind::Untrusted, "{refused:?}");
    assert!(!chain(&refused).contains(server.place().secret().reveal()));
}
