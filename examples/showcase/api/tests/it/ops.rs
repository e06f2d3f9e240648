//! What operators see of all runs, and order of one.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use stagemark_contest_contract::Role;
use uuid::Uuid;

use crate::{
    clips::{Contest, Orders, Player, read},
    fixture::slug,
};

/// Looks at a run until it has this status.
async fn until(contest: &Contest, admin: &Player, run: &str, status: &str) -> Value {
    loop {
        let seen = contest.get(admin, &format!("/api/ops/runs/{run}")).await;
        if seen["status"] == status {
            return seen;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

async fn run_of(contest: &Contest, player: &Player, video: Uuid) -> String {
    contest.get(player, &format!("/api/videos/{video}/run")).await["run"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_run_that_failed_is_found_with_its_error_and_redriven() {
    let contest = Contest::start().await;
    let (ada, admin) = (contest.player("Ada").await, contest.somebody("Root", Role::Admin).await);
    contest.orders.send_replace(Orders::Fail(vec!["the file is odd".to_owned(), "at byte 7".to_owned()]));
    let video = contest.queued(&ada, "A clip").await;
    let run = run_of(&contest, &ada, video).await;

    let failed = until(&contest, &admin, &run, "FAILED").await;
    assert_eq!(failed["error"], json!(["the file is odd", "at byte 7"]));
    let probe = failed["tasks"].as_array().unwrap().iter().find(|task| task["step"] == "probe").unwrap();
    assert_eq!((&probe["state"], &probe["attempt"]["number"]), (&json!("FAILED"), &json!(1)));
    let listed = contest.get(&admin, "/api/ops/runs?status=FAILED&workflow=contest-publish").await;
    assert_eq!(listed["items"][0]["run"], json!(run));

    contest.orders.send_replace(Orders::Go);
    let order = format!("/api/ops/runs/{run}/redrive");
    let first = read(contest.post(&admin, &order).await).await;
    let second = read(contest.post(&admin, &order).await).await;

    assert_eq!(first, second, "one run takes the place of one");
    assert_eq!(first["run"], json!(run_of(&contest, &ada, video).await), "its player sees the new one");
    until(&contest, &admin, first["run"].as_str().unwrap(), "READY").await;
    let refused = contest.post(&admin, &format!("/api/ops/runs/{}/redrive", first["run"].as_str().unwrap())).await;
    assert_eq!(slug(refused).await, "conflict");
}

#[tokio::test]
async fn a_run_is_counted_listed_and_cancelled() {
    let contest = Contest::start().await;
    let (ada, admin) = (contest.player("Ada").await, contest.somebody("Root", Role::Admin).await);
    contest.orders.send_replace(Orders::Wait);
    let mut runs = Vec::new();
    for title in ["one", "two", "three"] {
        runs.push(run_of(&contest, &ada, contest.queued(&ada, title).await).await);
    }

    let counts = contest.get(&admin, "/api/ops/counts").await;
    let under_way = counts["runs"]["queued"].as_u64().unwrap() + counts["runs"]["running"].as_u64().unwrap();
    assert_eq!(under_way, 3);
    let mut seen = Vec::new();
    let mut path = "/api/ops/runs?limit=2".to_owned();
    loop {
        let page = contest.get(&admin, &path).await;
        seen.extend(page["items"].as_array().unwrap().iter().map(|run| run["run"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/ops/runs?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, runs.iter().rev().cloned().collect::<Vec<_>>(), "the latest first, each once");

    let answer = contest.post(&admin, &format!("/api/ops/runs/{}/cancel", runs[0])).await;

    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    until(&contest, &admin, &runs[0], "CANCELLED").await;
}

#[tokio::test]
async fn operations_are_for_admins_alone() {
    let contest = Contest::start().await;
    let (ada, run) = (contest.player("Ada").await, Uuid::now_v7());
    let ways = [
        (Method::GET, "/api/ops/counts".to_owned()),
        (Method::GET, "/api/ops/runs".to_owned()),
        (Method::GET, format!("/api/ops/runs/{run}")),
        (Method::POST, format!("/api/ops/runs/{run}/cancel")),
        (Method::POST, format!("/api/ops/runs/{run}/redrive")),
    ];

    for (method, path) in ways {
        let of_player = contest.ask(&ada, method.clone(), &path).send().await.unwrap();
        assert_eq!(slug(of_player).await, "forbidden", "{path}");
        let signed_out = contest.host.request(method, &path).send().await.unwrap();
        assert_eq!(slug(signed_out).await, "unauthenticated", "{path}");
    }
}

#[tokio::test]
async fn runs_that_are_not_there_and_bad_questions_are_refused() {
    let contest = Contest::start().await;
    let admin = contest.somebody("Root", Role::Admin).await;

    for order in ["cancel", "redrive"] {
        let refused = contest.post(&admin, &format!("/api/ops/runs/{}/{order}", Uuid::now_v7())).await;
        assert_eq!(slug(refused).await, "not-found", "{order}");
    }
    for query in ["limit=0", "limit=101", "cursor=x", "status=odd", "other=1"] {
        let refused = contest.ask(&admin, Method::GET, &format!("/api/ops/runs?{query}")).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY, "{query}");
    }
}

#[tokio::test]
async fn a_run_whose_workflow_no_worker_has_served_is_not_stopped_yet() {
    let contest = Contest::start().await;
    let (desk, admin) = (contest.another_host().await, contest.somebody("Root", Role::Admin).await);
    let order = desk.request(Method::POST, "/api/admin/cache/warm").bearer_auth(&admin.token);
    let ordered = order.header("content-type", "application/json").body(r#"{"scope":"all"}"#).send().await.unwrap();
    let run = read(ordered).await["run"].as_str().unwrap().to_owned();

    let refused = desk.request(Method::POST, &format!("/api/ops/runs/{run}/cancel")).bearer_auth(&admin.token);

    assert_eq!(slug(refused.send().await.unwrap()).await, "conflict");
}
