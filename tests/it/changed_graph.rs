//! A workflow that changes while runs of it are under way.

use stagemark::{Definition, Name, StartError, Workflow, from_fn};

use crate::fixture::{Fixture, finish};

const PRICE: Workflow<u32, u32> = Workflow::new("price");

fn add(name: &'static str, n: u32) -> impl stagemark::Step<Input = u32, Output = u32> {
    from_fn(Name::new(name), move |_, price: u32| async move { Ok(price + n) })
}

fn old() -> Definition {
    PRICE.define(|price| price.then(add("tax", 1)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_graph_under_an_old_version_is_refused_and_the_difference_named() {
    let fixture = Fixture::new();
    finish(fixture.serve(old()).await).await;

    let changed = PRICE.define(|price| price.then(add("tax", 1)).then(add("shipping", 2)));
    let refused = fixture.builder().await.serve(changed).start().await.unwrap_err();

    let StartError::Changed { version, difference, .. } = &refused else { panic!("{refused}") };
    assert_eq!(*version, 1);
    assert!(difference.contains("shipping"), "{difference}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_name_for_a_step_is_a_change() {
    let fixture = Fixture::new();
    finish(fixture.serve(old()).await).await;

    let changed = PRICE.define(|price| price.then(add("vat", 1)));
    let refused = fixture.builder().await.serve(changed).start().await.unwrap_err().to_string();

    assert!(refused.contains("tax") && refused.contains("vat"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_versions_run_side_by_side() {
    let fixture = Fixture::new();
    let new = PRICE.version(2).define(|price| price.then(add("tax", 1)).then(add("shipping", 2)));
    let engine = fixture.builder().await.serve(old()).serve(new).start().await.unwrap();

    let first = engine.submit(PRICE, 10).await.unwrap();
    let second = engine.submit(PRICE.version(2), 10).await.unwrap();

    assert_eq!((first.result().await.unwrap(), second.result().await.unwrap()), (11, 13));
    finish(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_the_old_version_gives_the_old_run_to_who_submits_the_new() {
    let fixture = Fixture::new();
    let new = PRICE.version(2).define(|price| price.then(add("tax", 1)).then(add("shipping", 2)));
    let engine = fixture.builder().await.serve(old()).serve(new).start().await.unwrap();
    let first = engine.submit(PRICE, 10).key("order-1").await.unwrap();

    let again = engine.submit(PRICE.version(2), 10).key("order-1").await.unwrap();

    assert_eq!(again.id(), first.id());
    assert_eq!(again.result().await.unwrap(), 11);
    finish(engine).await;
}
