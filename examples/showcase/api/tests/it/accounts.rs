//! Signing up, in and out, and going on.

use reqwest::{
    Method, StatusCode,
    header::{COOKIE, RETRY_AFTER, SET_COOKIE},
};
use serde_json::{Value, json};
use stagemark_contest_api::Rates;

use crate::fixture::{Database, Host, PASSWORD, SignedIn, slug};

/// Each of these flows, on each database.
macro_rules! on_both {
    ($($flow:ident),+ $(,)?) => {
        mod in_sqlite {
            $(#[tokio::test] async fn $flow() { super::$flow(super::Database::Sqlite).await; })+
        }

        mod in_postgres {
            $(#[tokio::test] async fn $flow() { super::$flow(super::Database::Postgres).await; })+
        }
    };
}

on_both!(
    who_signs_up_is_signed_in,
    a_refresh_token_is_for_no_script_and_no_other_site,
    a_name_is_taken_whatever_its_case,
    of_many_who_want_a_name_at_once_one_gets_it,
    a_wrong_password_and_an_unknown_name_are_refused_alike,
    a_session_goes_on_with_a_new_token_each_time,
    a_stolen_refresh_token_that_is_used_twice_ends_the_session,
    of_two_who_show_one_refresh_token_at_once_both_are_out,
    who_has_signed_out_does_not_go_on,
    another_site_cannot_refresh_or_sign_out,
    guessing_a_password_meets_a_limit,
    the_admin_of_the_settings_is_one,
);

async fn me(host: &Host, token: &str) -> reqwest::Response {
    host.request(Method::GET, "/api/me").bearer_auth(token).send().await.unwrap()
}

async fn who_signs_up_is_signed_in(database: Database) {
    let host = database.host().await;

    let ada = host.sign_up("Ada").await;

    let shown: Value = serde_json::from_slice(&me(&host, &ada.token).await.bytes().await.unwrap()).unwrap();
    assert_eq!(shown, ada.player);
    assert_eq!(shown["role"], "player");
}

async fn a_refresh_token_is_for_no_script_and_no_other_site(database: Database) {
    let host = database.host().await;
    let safe = database.host_with(|settings| settings.public_origin = "https://contest.example".parse().unwrap()).await;

    let ada = host.sign_up("ada").await;

    for part in ["Path=/api/session", "HttpOnly", "SameSite=Strict", "Max-Age="] {
        assert!(ada.set_cookie.contains(part), "{}", ada.set_cookie);
    }
    assert!(!ada.set_cookie.contains("Secure"));
    assert!(safe.sign_up("ada").await.set_cookie.contains("; Secure"));
}

async fn a_name_is_taken_whatever_its_case(database: Database) {
    let host = database.host().await;
    host.sign_up("Ada").await;

    let body = json!({ "name": "aDA", "password": PASSWORD, "city": "Paris" });
    let refused = host.send(Method::POST, "/api/players", &body).await;

    assert_eq!(refused.status(), StatusCode::CONFLICT);
    assert_eq!(slug(refused).await, "name-taken");
}

async fn of_many_who_want_a_name_at_once_one_gets_it(database: Database) {
    let host =
        database.host_with(|settings| settings.rates = Rates { sign_up_by_address: 0, ..Rates::default() }).await;
    let body = json!({ "name": "ada", "password": PASSWORD, "city": "Paris" });

    let all = futures::future::join_all((0..6).map(|_| host.send(Method::POST, "/api/players", &body))).await;

    let statuses: Vec<_> = all.iter().map(reqwest::Response::status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::CREATED).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::CONFLICT).count(), 5, "{statuses:?}");
}

async fn a_wrong_password_and_an_unknown_name_are_refused_alike(database: Database) {
    let host = database.host().await;
    host.sign_up("ada").await;

    let wrong = host.sign_in("ada", "battery staple").await;
    let unknown = host.sign_in("bob", PASSWORD).await;
    let right = host.sign_in("ADA", PASSWORD).await;

    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    let but_for_its_trace = async |refused: reqwest::Response| {
        let mut problem: Value = serde_json::from_slice(&refused.bytes().await.unwrap()).unwrap();
        problem.as_object_mut().unwrap().remove("instance").unwrap();
        problem
    };
    assert_eq!(but_for_its_trace(wrong).await, but_for_its_trace(unknown).await);
    assert_eq!(right.status(), StatusCode::OK);
}

async fn a_session_goes_on_with_a_new_token_each_time(database: Database) {
    let host = database.host().await;
    let first = host.sign_up("ada").await;

    let second = SignedIn::of(host.refresh(&first.cookie).await).await;
    let third = SignedIn::of(host.refresh(&second.cookie).await).await;

    assert!(first.cookie != second.cookie && second.cookie != third.cookie);
    assert_eq!(me(&host, &third.token).await.status(), StatusCode::OK);
}

async fn a_stolen_refresh_token_that_is_used_twice_ends_the_session(database: Database) {
    let host = database.host().await;
    let stolen = host.sign_up("ada").await.cookie;
    let next = SignedIn::of(host.refresh(&stolen).await).await.cookie;
    let other = SignedIn::of(host.sign_in("ada", PASSWORD).await).await.cookie;

    let reused = host.refresh(&stolen).await;

    assert!(reused.headers()[SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(slug(reused).await, "session-reused");
    assert_eq!(slug(host.refresh(&next).await).await, "unauthenticated", "whoever has the next one is out too");
    assert_eq!(host.refresh(&other).await.status(), StatusCode::OK, "another session goes on");
}

async fn of_two_who_show_one_refresh_token_at_once_both_are_out(database: Database) {
    let host = database.host().await;
    let cookie = host.sign_up("ada").await.cookie;

    let all = futures::future::join_all((0..4).map(|_| host.refresh(&cookie))).await;

    let won: Vec<_> = all.into_iter().filter(|answer| answer.status() == StatusCode::OK).collect();
    assert_eq!(won.len(), 1);
    let next = SignedIn::of(won.into_iter().next().unwrap()).await.cookie;
    assert_eq!(host.refresh(&next).await.status(), StatusCode::UNAUTHORIZED);
}

async fn who_has_signed_out_does_not_go_on(database: Database) {
    let host = database.host().await;
    let cookie = host.sign_up("ada").await.cookie;

    let out = host.request(Method::DELETE, "/api/session").header(COOKIE, &cookie).send().await.unwrap();

    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    assert!(out.headers()[SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(slug(host.refresh(&cookie).await).await, "unauthenticated");
    assert_eq!(host.request(Method::DELETE, "/api/session").send().await.unwrap().status(), StatusCode::NO_CONTENT);
}

async fn another_site_cannot_refresh_or_sign_out(database: Database) {
    let host = database.host().await;
    let cookie = host.sign_up("ada").await.cookie;

    for (method, path) in [(Method::POST, "/api/session/refresh"), (Method::DELETE, "/api/session")] {
        let request = host.request(method, path).header(COOKIE, &cookie).header("sec-fetch-site", "cross-site");
        assert_eq!(slug(request.send().await.unwrap()).await, "forbidden");
    }
    assert_eq!(host.refresh(&cookie).await.status(), StatusCode::OK);
}

async fn guessing_a_password_meets_a_limit(database: Database) {
    let host = database.host().await;
    host.sign_up("ada").await;
    let guesses = futures::future::join_all((0..6).map(|_| host.sign_in("ada", "battery staple"))).await;

    let refused: Vec<_> = guesses.into_iter().filter(|guess| guess.status() == StatusCode::TOO_MANY_REQUESTS).collect();

    assert_eq!(refused.len(), 1);
    let right = host.sign_in("ada", PASSWORD).await;
    let wait: u64 = right.headers()[RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=12).contains(&wait), "{wait}");
    assert_eq!(slug(right).await, "rate-limited");
}

async fn the_admin_of_the_settings_is_one(database: Database) {
    let host = database.host_with(|settings| settings.admin = Some(("root".to_owned(), PASSWORD.into()))).await;

    let admin = SignedIn::of(host.sign_in("root", PASSWORD).await).await;

    assert_eq!(admin.player["role"], "admin");
}
