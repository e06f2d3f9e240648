//! The users of Redis.

use super::deployment;
use crate::deployment::{Deployment, answers};

/// What Redis answers to the user of a component.
fn as_user(deployment: &Deployment, component: &str, commands: &[&str]) -> Vec<String> {
    let login = format!("AUTH contest_{component} {}", deployment.secret(&format!("redis-{component}-password")));
    let answers = answers(&deployment.redis, &[&[login.as_str()], commands].concat());
    assert_eq!(answers[0], "+OK");
    answers[1..].to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_removes_all_or_looks_behind_it() {
    let deployment = deployment().await;
    let commands = [
        "FLUSHALL",
        "FLUSHDB",
        "KEYS *",
        "CONFIG GET requirepass",
        "CONFIG SET dir /tmp",
        "SHUTDOWN",
        "REPLICAOF 10.0.0.1 6379",
        "MODULE LIST",
        "ACL LIST",
        "CLIENT LIST",
        "MONITOR",
        "SCRIPT FLUSH",
        "FUNCTION LIST",
        "SUBSCRIBE all",
        "SELECT 1",
        "SWAPDB 0 1",
        "EVAL \"return redis.call('FLUSHALL')\" 0",
    ];

    for component in ["api", "worker"] {
        for (command, answer) in commands.iter().zip(as_user(deployment, component, &commands)) {
            let is_refused = answer.starts_with("-NOPERM") || answer.contains("can't run this command");
            assert!(is_refused, "{component}: {command}: {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_has_its_own_keys() {
    let deployment = deployment().await;

    for key in ["other", "stagemark", "contest"] {
        let answer = as_user(deployment, "worker", &[&format!("SET {key} 1")]);
        assert!(answer[0].starts_with("-NOPERM"), "{key}: {answer:?}");
    }
    for command in ["SET stagemark:lock:{a} 1", "GET stagemark:lock:{a}", "HSET stagemark:live:{a} 0/0 1"] {
        let answer = as_user(deployment, "api", &[command]);
        assert!(answer[0].starts_with("-NOPERM"), "{command}: {answer:?}");
    }
    let allowed = as_user(deployment, "api", &["HGETALL stagemark:live:{a}", "ZINCRBY stagemark:app:sums:{a} 1 me"]);
    assert!(allowed.iter().all(|answer| !answer.starts_with('-')), "{allowed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_user_that_redis_comes_with_is_off() {
    let deployment = deployment().await;

    let said = answers(&deployment.redis, &["PING", &format!("AUTH {}", deployment.redis.place().secret().reveal())]);

    assert!(said[0].starts_with("-NOAUTH") && said[1].starts_with('-'), "{said:?}");
}
