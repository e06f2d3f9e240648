//! Scripts of an application.

use stagemark_redis::{Reply, Script};

use crate::fixture::redis;

#[tokio::test]
async fn a_script_is_given_its_keys_and_arguments_and_says_what_it_returned() {
    const KEEP: Script =
        Script::new("keeping", "redis.call('SET', KEYS[1], ARGV[1]) return {KEYS[1], ARGV[2], 7, false}");
    const RECALL: Script = Script::new("recalling", "return redis.call('GET', KEYS[1])");
    let redis = redis().await;
    let key = redis.key("notes", "a{b}");

    let kept = redis.script(&KEEP, vec![key.clone()], vec!["ñ".into(), "0.5".into()]).await.unwrap();
    let recalled = redis.script(&RECALL, vec![key.clone()], Vec::new()).await.unwrap();

    let expected = vec![Reply::Text(key), Reply::Text("0.5".into()), Reply::Integer(7), Reply::Nothing];
    assert_eq!(kept, Reply::List(expected));
    assert_eq!(recalled, Reply::Text("ñ".into()));
}

#[tokio::test]
async fn the_error_of_a_script_says_what_it_was_doing() {
    const FAIL: Script = Script::new("doing the impossible", "return redis.call('NOTHING')");

    let failed = redis().await.script(&FAIL, Vec::new(), Vec::new()).await.unwrap_err();

    assert_eq!(failed.to_string(), "doing the impossible: the service did not do it");
}
