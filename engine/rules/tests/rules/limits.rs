//! The limit on how many tasks of a node are leased at a time.

use stagemark_rules::{Input, Policy, Rejected};

use crate::fixture::{Play, THRICE, item, mapped};

fn of_items(items: u32, limit: u32) -> Play {
    Play::with(mapped(Policy { concurrency: Some(limit), ..THRICE }), Input::List(items))
}

#[test]
fn no_more_items_are_leased_than_the_limit() {
    let mut play = of_items(5, 2);
    play.claim(item(1, 0));
    play.claim(item(1, 3));

    assert_eq!(play.try_claim(item(1, 1)), Err(Rejected::AtLimit { concurrency: 2 }));
}

#[test]
fn no_more_items_are_offered_than_there_is_room_for() {
    let mut play = of_items(5, 2);
    let none_leased = play.claimable();
    play.claim(item(1, 0));
    let one_leased = play.claimable();
    play.claim(item(1, 1));
    let all_leased = play.claimable();

    assert_eq!(none_leased, [item(1, 0), item(1, 1)]);
    assert_eq!(one_leased, [item(1, 1)]);
    assert_eq!(all_leased, []);
}

#[test]
fn an_item_that_is_done_makes_room_for_the_next() {
    let mut play = of_items(3, 1);

    play.complete(item(1, 0));

    assert_eq!(play.claimable(), [item(1, 1)]);
}

#[test]
fn an_item_that_waits_for_its_retry_makes_room_for_others() {
    let mut play = of_items(3, 1);
    let attempt = play.claim(item(1, 0));

    play.fail(item(1, 0), attempt).unwrap();

    assert_eq!(play.claimable(), [item(1, 1)]);
    assert_eq!(play.try_claim(item(1, 1)), Ok(()));
}

#[test]
fn the_items_that_are_due_first_are_offered_first() {
    let mut play = of_items(3, 1);
    for nth in [1, 2, 0] {
        let attempt = play.claim(item(1, nth));
        play.now.0 += 10;
        play.fail(item(1, nth), attempt).unwrap();
    }

    assert_eq!(play.claimable(), [item(1, 1)]);
}

#[test]
fn each_node_has_a_limit_of_its_own() {
    let mut shape = mapped(Policy { concurrency: Some(1), ..THRICE });
    shape.each("poster", 0, THRICE);
    let mut play = Play::with(shape, Input::List(2));

    play.claim(item(1, 0));

    assert_eq!(play.claimable(), [item(2, 0), item(2, 1)]);
}
