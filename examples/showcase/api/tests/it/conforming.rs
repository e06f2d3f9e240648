//! The API is asked by its own description, by somebody who knows nothing else: Schemathesis, with data that the
//! description allows and data that it does not.

use std::{fmt::Write, fs, process::Command};

use reqwest::Method;
use stagemark_contest_api::Rates;
use stagemark_contest_contract::Role;
use stagemark_services::SCHEMATHESIS;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use crate::{
    clips::{Contest, Orders, Player, file},
    fixture::Host,
};

/// What every answer must be, whatever was asked.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,negative_data_rejection,ignored_auth,unsupported_method,\
                      allow_header_conformance";
/// How many requests each operation is asked by in a phase.
const EXAMPLES_MAX: &str = "20";

/// No limit: a program that asks without a pause would hear of nothing else.
const NO_LIMIT: Rates = Rates {
    sign_in_by_name: 0,
    sign_in_by_address: 0,
    sign_up_by_address: 0,
    refresh_by_address: 0,
    write_by_player: 0,
    events_by_address: 0,
};

/// A contest in which there is something of everything.
struct World {
    _contest: Contest,
    host: Host,
    /// Which things there are, for the paths that name one.
    things: String,
}

impl World {
    /// Also who is to ask.
    async fn new(who: impl AsyncFn(&Contest, &Player) -> Option<Player>) -> (Self, Option<Player>) {
        let contest = Contest::start().await;
        let host = contest.another_host_with(|settings| settings.rates = NO_LIMIT).await;
        // The name of the examples is free.
        let ada = contest.player("Grace").await;
        let [shown, gone] = [contest.shown(&ada, "To watch").await, contest.shown(&ada, "To go").await];
        let begun = contest.begun(&ada, &file("")).await;
        let given_up = contest.begun(&ada, &file("")).await;
        contest.ask(&ada, Method::PUT, &format!("/api/videos/{shown}/like")).send().await.unwrap();
        contest.orders.send_replace(Orders::Fail(vec!["the file is odd".to_owned()]));
        let failed = contest.queued(&ada, "To fail").await;
        contest.ends(&ada, failed, "FAILED").await;
        contest.orders.send_replace(Orders::Go);
        let run = contest.get(&ada, &format!("/api/videos/{shown}/run")).await["run"].as_str().unwrap().to_owned();
        let mut things = format!("[parameters]\n\"path.id\" = \"{shown}\"\n\"path.run\" = \"{run}\"\n");
        let mut of = |operation: &str, video: Uuid| {
            let named = format!("\n[[operations]]\ninclude-name = \"{operation}\"\n");
            writeln!(things, "{named}parameters = {{ \"path.id\" = \"{video}\" }}").unwrap();
        };
        of("DELETE /api/videos/{id}", gone);
        of("GET /api/videos/{id}/upload", begun);
        of("PUT /api/videos/{id}/content", begun);
        of("POST /api/videos/{id}/upload/complete", begun);
        of("DELETE /api/videos/{id}/upload", given_up);
        of("POST /api/videos/{id}/run/retry", failed);
        let asks = who(&contest, &ada).await;
        (Self { _contest: contest, host, things }, asks)
    }

    /// Asks all that can be asked, as this player or as nobody; gives what was found wrong.
    async fn ask(&self, player: Option<Player>) -> Result<(), String> {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("schemathesis.toml");
        fs::write(&config, &self.things).unwrap();
        let url = format!("http://{}", self.host.address);
        let output = spawn_blocking(move || {
            SCHEMATHESIS.install().unwrap();
            let mut command = Command::new(SCHEMATHESIS.program());
            command.arg("--config-file").arg(config).args(["run", &format!("{url}/api/openapi.json"), "--url", &url]);
            command.args([
                "--checks",
                CHECKS,
                "--phases",
                "examples,coverage,fuzzing,stateful",
                "--max-examples",
                EXAMPLES_MAX,
            ]);
            command.args(["--seed", "7", "--request-timeout", "20", "--warnings", "off"]);
            command.args(["--continue-on-failure", "--suppress-health-check", "all", "--generation-database", "none"]);
            if let Some(player) = player {
                command.args(["--header", &format!("Authorization: Bearer {}", player.token)]);
            }
            command.current_dir(folder.path()).output().unwrap()
        });
        let output = output.await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        if output.status.success() { Ok(()) } else { Err(said) }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_signed_out_is_answered_as_the_description_says() {
    let (world, nobody) = World::new(async |_, _| None).await;

    world.ask(nobody).await.unwrap_or_else(|said| panic!("{said}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_player_is_answered_as_the_description_says() {
    let (world, player) = World::new(async |_, ada| Some(ada.clone())).await;

    world.ask(player).await.unwrap_or_else(|said| panic!("{said}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_is_answered_as_the_description_says() {
    let (world, admin) = World::new(async |contest, _| Some(contest.somebody("Root", Role::Admin).await)).await;

    world.ask(admin).await.unwrap_or_else(|said| panic!("{said}"));
}
