//! What is sent by those who mean harm.

use reqwest::{Method, StatusCode, header::CONTENT_TYPE};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use stagemark_contest_api::Rates;
use stagemark_contest_records::entity::player;

use crate::fixture::{Host, PASSWORD, slug};

/// A host that lets anybody try as often as they like.
async fn patient() -> Host {
    let rates = Rates { sign_in_by_name: 0, sign_in_by_address: 0, sign_up_by_address: 0, ..Rates::default() };
    Host::start_with(|settings| settings.rates = rates).await
}

fn with(field: &str, value: Value) -> Value {
    let mut body = json!({ "name": "mallory", "password": PASSWORD, "city": "Berlin" });
    body[field] = value;
    body
}

#[tokio::test]
async fn nobody_makes_an_admin_of_themselves() {
    let host = patient().await;

    for field in ["role", "id", "is_admin", "created_at", "name_key", "__proto__"] {
        let refused = host.send(Method::POST, "/api/players", &with(field, json!("admin"))).await;
        assert_eq!(slug(refused).await, "invalid-fields", "{field}");
    }
    assert_eq!(player::Entity::find().all(host.api.records.reader()).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_written_in_sql_is_a_text_like_any_other() {
    let host = patient().await;
    host.sign_up("ada").await;

    for text in ["' OR '1'='1", "ada'--", "ada\0", "x'; DROP TABLE contest_player; --", "\"ada\"", "a%", "ada\\"] {
        let signed_up = host.send(Method::POST, "/api/players", &with("name", json!(text))).await;
        assert_eq!(slug(signed_up).await, "invalid-fields", "{text}");
        assert_eq!(slug(host.sign_in(text, PASSWORD).await).await, "wrong-credentials", "{text}");
        assert_eq!(slug(host.sign_in("ada", text).await).await, "wrong-credentials", "{text}");
    }
    assert_eq!(host.sign_in("ada", PASSWORD).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_line_break_in_a_name_makes_no_header() {
    let host = patient().await;

    let refused = host.send(Method::POST, "/api/players", &with("name", json!("ada\r\nSet-Cookie: a=b"))).await;

    assert!(!refused.headers().contains_key("set-cookie"));
    assert_eq!(slug(refused).await, "invalid-fields");
}

#[tokio::test]
async fn a_value_of_a_wrong_type_is_refused_by_its_name() {
    let host = patient().await;

    for value in [json!(null), json!(7), json!(["ada"]), json!({ "$ne": "" }), json!(true)] {
        let refused = host.send(Method::POST, "/api/players", &with("name", value)).await;
        let problem: Value = serde_json::from_slice(&refused.bytes().await.unwrap()).unwrap();
        assert_eq!(
            (&problem["type"], &problem["errors"][0]["field"]),
            (&json!("/problems/invalid-fields"), &json!("name"))
        );
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let host = patient().await;
    let deep = "[".repeat(50_000);

    for body in ["", "{", "nonsense", "{\"name\":\"a\"} {}", &*deep, "\u{feff}{}"] {
        let request = host.request(Method::POST, "/api/session").header(CONTENT_TYPE, "application/json");
        let refused = request.body(body.to_owned()).send().await.unwrap();
        let slug = slug(refused).await;
        assert!(matches!(&*slug, "malformed-request" | "invalid-fields"), "{slug}");
    }
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    let host = patient().await;

    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let request = host.request(Method::POST, "/api/session").header(CONTENT_TYPE, kind);
        assert_eq!(slug(request.body("{}").send().await.unwrap()).await, "unsupported-media-type");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let host = patient().await;

    let refused =
        host.send(Method::POST, "/api/session", &json!({ "name": "a".repeat(70_000), "password": "b" })).await;

    assert_eq!(slug(refused).await, "payload-too-large");
}
