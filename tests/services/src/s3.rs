//! An S3 store: `SeaweedFS`.

use std::{fs, path::Path, process::Command};

use rustix::process::Signal;

use crate::{
    address::S3Address,
    error::{At, ServiceError},
    folder::Temporary,
    page::is_served,
    place::{Place, write_private},
    server::{Kind, Serve, Server},
    spawn::{Life, Terms, User, command, run},
    wheel::WEED,
};

/// The bucket that is there from the start.
const BUCKET: &str = "stagemark";
const KEY_ID: &str = "stagemark";
/// What listens, in the order of its ports; clients come to the first.
const LISTENERS: [&str; 10] = [
    "s3.port",
    "s3.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "admin.port",
    "admin.port.grpc",
];
const FILER: usize = 2;
/// More that it knows, beside its own.
const IDENTITIES: &str = "identities";

/// A private S3 store, with one bucket.
///
/// ```no_run
/// # fn main() -> Result<(), stagemark_services::ServiceError> {
/// let s3 = stagemark_services::S3::temporary()?;
/// assert_eq!(s3.access().endpoint, s3.url());
/// # Ok(()) }
/// ```
pub type S3 = Server<S3Kind>;

/// What [`S3`] is.
///
/// ```
/// use stagemark_services::{Kind, S3Kind};
///
/// assert_eq!(S3Kind::NAME, "s3");
/// ```
#[derive(Debug)]
pub struct S3Kind;

impl Server<S3Kind> {
    /// Starts one that knows these identities too, objects of JSON as the store keeps them, in a folder that goes when it
    /// ends.
    pub fn knowing(identities: &[String]) -> Result<Self, ServiceError> {
        let temporary = Temporary::new(S3Kind::tidy_below)?;
        let folder = temporary.path.join(S3Kind::NAME);
        fs::create_dir_all(&folder).at("making the folder", &folder)?;
        write_private(&folder.join(IDENTITIES), &identities.join(","))?;
        Self::within(temporary)
    }

    /// The command of the store's own client that copies a file into this folder, past the S3 protocol.
    pub fn own_copy(&self, file: &Path, folder: &str) -> Command {
        let mut client = Command::new(WEED.program());
        client.current_dir(self.place().folder()).env("HOME", self.place().folder());
        let (port, control) = (self.place().port(FILER), self.place().port(FILER + 1));
        client.arg("filer.copy").arg(file).arg(format!("http://127.0.0.1:{port}.{control}/{folder}/"));
        client
    }

    /// Where a file that was copied so can be got, past the S3 protocol.
    pub fn own_url(&self, folder: &str, name: &str) -> String {
        format!("http://127.0.0.1:{}/{folder}/{name}", self.place().port(FILER))
    }

    /// What a client must know.
    pub fn access(&self) -> S3Address {
        S3Address {
            endpoint: self.url(),
            bucket: BUCKET.to_owned(),
            access_key_id: KEY_ID.to_owned(),
            secret_access_key: self.place().secret().clone(),
        }
    }
}

impl S3Kind {
    /// Removes what one that had its folder here left outside it.
    pub(crate) fn tidy_below(folder: &Path) {
        if let Some(place) = Place::find(&folder.join(Self::NAME), Self::PORTS) {
            Self::tidy(&place);
        }
    }
}

impl Kind for S3Kind {
    const NAME: &'static str = "s3";
}

impl Serve for S3Kind {
    const PORTS: usize = LISTENERS.len();
    const STOP: Signal = Signal::TERM;

    fn prepare(place: &Place) -> Result<(), ServiceError> {
        WEED.install()?;
        let data = place.file("data");
        fs::create_dir_all(&data).at("making the folder", &data)?;
        let key = format!(r#"{{"accessKey":"{KEY_ID}","secretKey":"{}"}}"#, place.secret().reveal());
        let actions = r#"["Admin","Read","Write","List","Tagging"]"#;
        let identity = format!(r#"{{"name":"{KEY_ID}","credentials":[{key}],"actions":{actions}}}"#);
        let others =
            fs::read_to_string(place.file(IDENTITIES)).map_or_else(|_| String::new(), |more| format!(",{more}"));
        write_private(&place.file("s3.json"), &format!(r#"{{"identities":[{identity}{others}]}}"#))
    }

    fn command(place: &Place, life: Life) -> Result<Command, ServiceError> {
        // What a kill left is in the way.
        Self::tidy(place);
        let terms = Terms { life, user: User::This, death: Self::DEATH.1 };
        let mut weed = command(&WEED.program(), terms, place.folder())?;
        weed.env("HOME", place.folder()).args(["-logtostderr=true", "mini", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]);
        weed.arg(format!("-dir={}", place.file("data").display()));
        weed.arg(format!("-s3.config={}", place.file("s3.json").display())).arg(format!("-bucket={BUCKET}"));
        weed.args(LISTENERS.iter().zip(0..).map(|(name, number)| format!("-{name}={}", place.port(number))));
        // As AWS does it: a bucket that is missing is not made, and one that is not empty is not removed.
        weed.args(["-s3.autoCreateBucket=false", "-s3.allowDeleteBucketNotEmpty=false"]);
        weed.args(["-s3.port.iceberg=0", "-s3.port.lance=0", "-webdav=false", "-admin.ui=false"]);
        // Nothing is reported to anyone.
        weed.arg("-master.telemetry=false");
        Ok(weed)
    }

    fn is_ready(place: &Place, _id: u32) -> bool {
        let bucket = format!("/buckets/{BUCKET}/");
        is_served(place.port(0), "/healthz") && is_served(place.port(FILER), &bucket)
    }

    fn url(place: &Place) -> String {
        format!("http://{}", place.address())
    }

    fn version() -> Result<String, ServiceError> {
        if !WEED.is_installed() {
            return Err(ServiceError::NotInstalled { program: "weed", package: "python3-venv" });
        }
        run(Command::new(WEED.program()).arg("version"), "asking the S3 store for its version")
    }

    /// Its parts talk through sockets that it leaves in `/tmp`.
    fn tidy(place: &Place) {
        for (listener, number) in LISTENERS.iter().zip(0..) {
            let name = listener.replace(".port", "").replace('.', "-");
            let socket = format!("/tmp/seaweedfs-{name}-{}.sock", place.port(number));
            // Most are not there.
            let _none = fs::remove_file(Path::new(&socket));
        }
    }
}
