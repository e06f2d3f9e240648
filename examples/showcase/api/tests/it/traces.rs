//! One trace from the request of a browser to the run, where no collector is told of it.

use reqwest::Method;
use serde_json::Value;
use stagemark_contest_contract::Role;

use crate::{
    clips::{Contest, file, read},
    fixture::Host,
};

const ID: &str = "0af7651916cd43dd8448eb211c80319c";
const NAMED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[tokio::test]
async fn a_run_is_a_part_of_the_trace_that_the_browser_named() {
    let contest = Contest::start().await;
    let (ada, admin) = (contest.player("Ada").await, contest.somebody("Root", Role::Admin).await);
    let video = contest.begun(&ada, &file("")).await;
    contest.send_parts(&ada, video, &file("")).await;

    let complete = contest.ask(&ada, Method::POST, &format!("/api/videos/{video}/upload/complete"));
    let completed = complete.header("traceparent", NAMED).send().await.unwrap();
    let run = contest.ends(&ada, video, "READY").await["run"].as_str().unwrap().to_owned();

    let told = completed.headers()["traceresponse"].to_str().unwrap();
    assert!(told.starts_with(&format!("00-{ID}-")) && told != NAMED, "{told}");
    assert_eq!(contest.get(&admin, &format!("/api/ops/runs/{run}")).await["trace"], ID);
}

#[tokio::test]
async fn a_request_that_names_no_trace_is_given_one_that_its_run_is_part_of() {
    let contest = Contest::start().await;
    let (ada, admin) = (contest.player("Ada").await, contest.somebody("Root", Role::Admin).await);
    let video = contest.begun(&ada, &file("")).await;
    contest.send_parts(&ada, video, &file("")).await;

    let completed = contest.post(&ada, &format!("/api/videos/{video}/upload/complete")).await;
    let run = contest.ends(&ada, video, "READY").await["run"].as_str().unwrap().to_owned();

    let told = completed.headers()["traceresponse"].to_str().unwrap().split('-').nth(1).unwrap();
    assert_eq!(contest.get(&admin, &format!("/api/ops/runs/{run}")).await["trace"], told);
}

#[tokio::test]
async fn a_problem_says_by_which_trace_it_is_found() {
    let host = Host::start().await;

    for path in ["/api/videos/nothing", "/api/nothing", "/api/me"] {
        let refused = host.request(Method::GET, path).header("traceparent", NAMED).send().await.unwrap();
        let problem: Value = read(refused).await;
        assert_eq!(problem["instance"], format!("/traces/{ID}"), "{path}");
    }
}
