//! What all sets must do, clause by clause.

use std::time::Duration;

use stagemark::Timestamp;
use stagemark_contest_ranking::{
    Board, Count, Snapshot, Window,
    ports::{Lease, Sets, Turn, When},
};
use uuid::Uuid;

use crate::fixture::{LONG, NOW, fill, lease, like, player, read, snapshot, sums, until, weights};

/// Makes one test of each clause.
#[macro_export]
macro_rules! suite {
    ($make:expr) => {
        $crate::suite!(@each $make;
            a_board_that_nobody_filled_is_cold_and_stays_so_when_events_are_counted,
            a_board_without_players_is_warm,
            players_are_ranked_by_their_sums_and_those_with_one_sum_by_their_ids,
            a_page_tells_ranks_and_the_total,
            around_a_player_are_the_neighbours,
            who_is_not_on_a_board_has_no_neighbours,
            an_event_is_counted_once,
            a_later_event_is_worth_more,
            what_the_snapshot_has_is_not_counted_again,
            what_is_counted_while_a_board_is_filled_is_in_it_once,
            a_warm_board_is_read_and_counted_on_while_it_is_made_anew,
            of_many_who_begin_one_fills,
            after_a_lease_another_fills_and_the_first_is_refused,
            who_gives_up_lets_the_next_fill,
            a_fill_that_began_before_the_board_was_forgotten_is_refused,
            a_board_is_cold_after_its_time_to_live,
            boards_are_told_apart,
            a_like_that_is_taken_back_leaves_nothing,
            a_like_may_be_counted_after_it_was_taken_back,
            an_event_that_is_too_old_to_be_known_makes_the_board_cold,
            events_of_many_epochs_are_counted_once,
            thousands_of_players_and_events_are_taken,
        );
    };
    (@each $make:expr; $($clause:ident,)*) => {
        $(
            #[tokio::test]
            async fn $clause() {
                $crate::suite::$clause(&$make).await;
            }
        )*
    };
}

pub(crate) async fn a_board_that_nobody_filled_is_cold_and_stays_so_when_events_are_counted(sets: &impl Sets) {
    sets.count(&Board::Global, &[like(1, 2)]).await.unwrap();

    assert_eq!(read(sets, &Board::Global).await, None);
}

pub(crate) async fn a_board_without_players_is_warm(sets: &impl Sets) {
    fill(sets, &Board::Global, &snapshot(2, &[])).await;

    let part = read(sets, &Board::Global).await.unwrap();

    assert_eq!((part.standings.len(), part.total, part.landmark), (0, 0, NOW));
    sets.count(&Board::Global, &[like(1, 2)]).await.unwrap();
    assert_eq!(sums(sets, &Board::Global).await.unwrap(), [(1, 10.0)]);
}

pub(crate) async fn players_are_ranked_by_their_sums_and_those_with_one_sum_by_their_ids(sets: &impl Sets) {
    let with_ties = [(3, 1.0), (1, 5.5), (0xff00, 1.0), (2, 1.0), (7, 1e-300), (8, 0.0), (9, -1.0)];
    fill(sets, &Board::Global, &snapshot(2, &with_ties)).await;

    let ranked = sums(sets, &Board::Global).await.unwrap();

    assert_eq!(ranked, [(1, 5.5), (0xff00, 1.0), (3, 1.0), (2, 1.0)], "others have nothing");
}

pub(crate) async fn a_page_tells_ranks_and_the_total(sets: &impl Sets) {
    let five: Vec<_> = (1..=5).map(|number| (number, f64::from(u32::try_from(number).unwrap()))).collect();
    fill(sets, &Board::Global, &snapshot(2, &five)).await;
    let page = async |offset, limit| {
        let part = sets.read(&Board::Global, Window::Page { offset, limit }).await.unwrap().unwrap();
        assert_eq!(part.total, 5);
        let ranks = part.standings.iter().map(|standing| (standing.rank, standing.player.as_u128()));
        ranks.collect::<Vec<_>>()
    };

    assert_eq!(page(0, 2).await, [(1, 5), (2, 4)]);
    assert_eq!(page(3, 2).await, [(4, 2), (5, 1)]);
    assert_eq!(page(4, 100).await, [(5, 1)]);
    assert_eq!(page(5, 2).await, []);
    assert_eq!(page(u32::MAX, u32::MAX).await, []);
    assert_eq!(page(0, 0).await, []);
}

/// The ranks and players around one.
async fn around(sets: &impl Sets, number: u128, radius: u32) -> Vec<(u32, u128)> {
    let window = Window::Around { player: player(number), radius };
    let part = sets.read(&Board::Global, window).await.unwrap().unwrap();
    part.standings.iter().map(|standing| (standing.rank, standing.player.as_u128())).collect()
}

pub(crate) async fn around_a_player_are_the_neighbours(sets: &impl Sets) {
    fill(sets, &Board::Global, &snapshot(2, &[(1, 1.0), (2, 1.0), (3, 1.0), (4, 9.0), (5, 0.5)])).await;

    assert_eq!(around(sets, 2, 1).await, [(2, 3), (3, 2), (4, 1)]);
    assert_eq!(around(sets, 4, 1).await, [(1, 4), (2, 3)]);
    assert_eq!(around(sets, 5, 2).await, [(3, 2), (4, 1), (5, 5)]);
    assert_eq!(around(sets, 5, 0).await, [(5, 5)]);
    assert_eq!(around(sets, 5, u32::MAX).await.len(), 5);
}

pub(crate) async fn who_is_not_on_a_board_has_no_neighbours(sets: &impl Sets) {
    fill(sets, &Board::Global, &snapshot(2, &[(1, 1.0), (2, 0.0)])).await;

    assert_eq!(around(sets, 3, 5).await, []);
    assert_eq!(around(sets, 2, 5).await, [], "with nothing one is not on it");
}

pub(crate) async fn an_event_is_counted_once(sets: &impl Sets) {
    fill(sets, &Board::Global, &snapshot(2, &[(1, 1.0)])).await;
    let (one, other) = (like(1, 2), like(1, 2));

    sets.count(&Board::Global, &[one, other, one]).await.unwrap();
    sets.count(&Board::Global, &[other]).await.unwrap();

    assert_eq!(sums(sets, &Board::Global).await.unwrap(), [(1, 21.0)]);
}

pub(crate) async fn a_later_event_is_worth_more(sets: &impl Sets) {
    fill(sets, &Board::Global, &snapshot(2, &[])).await;
    let hours = |count: u64| Timestamp(NOW.0 + count * 3_600_000);
    let later = Count { at: hours(2), ..like(1, 2) };
    let before = Count { at: Timestamp(NOW.0 - 3_600_000), ..like(2, 2) };

    sets.count(&Board::Global, &[later, before]).await.unwrap();

    assert_eq!(sums(sets, &Board::Global).await.unwrap(), [(1, 40.0), (2, 5.0)]);
}

pub(crate) async fn what_the_snapshot_has_is_not_counted_again(sets: &impl Sets) {
    let (closed, open, new) = (like(1, 5), like(1, 6), like(1, 6));
    let snapshot = Snapshot { open: vec![(open.id, 6)], ..snapshot(7, &[(1, 20.0)]) };
    fill(sets, &Board::Global, &snapshot).await;

    sets.count(&Board::Global, &[closed, open, new]).await.unwrap();

    assert_eq!(sums(sets, &Board::Global).await.unwrap(), [(1, 30.0)]);
}

pub(crate) async fn what_is_counted_while_a_board_is_filled_is_in_it_once(sets: &impl Sets) {
    let (closed, open, new) = (like(1, 5), like(1, 6), like(1, 7));
    let lease = lease(When::Cold);
    assert_eq!(sets.begin(&Board::Global, &lease).await.unwrap(), Turn::Yours);
    sets.count(&Board::Global, &[closed, open, new, new]).await.unwrap();
    assert_eq!(read(sets, &Board::Global).await, None, "it is not filled yet");

    let snapshot = Snapshot { open: vec![(open.id, 6)], ..snapshot(7, &[(1, 20.0), (2, 1.0)]) };
    assert!(sets.fill(&Board::Global, &lease, &snapshot).await.unwrap());
    sets.count(&Board::Global, &[new, open]).await.unwrap();

    assert_eq!(sums(sets, &Board::Global).await.unwrap(), [(1, 30.0), (2, 1.0)]);
}

pub(crate) async fn a_warm_board_is_read_and_counted_on_while_it_is_made_anew(sets: &impl Sets) {
    fill(sets, &Board::Global, &snapshot(2, &[(1, 1.0)])).await;
    let (one, other) = (like(1, 2), like(1, 2));
    let lease = lease(When::Always);
    assert_eq!(sets.begin(&Board::Global, &lease).await.unwrap(), Turn::Yours);

    sets.count(&Board::Global, &[one]).await.unwrap();
    assert_eq!(sums(sets, &Board::Global).await.unwrap(), [(1, 11.0)]);
    let snapshot = Snapshot { open: vec![(one.id, 2)], ..snapshot(2, &[(1, 11.5)]) };
    sets.count(&Board::Global, &[other]).await.unwrap();
    assert!(sets.fill(&Board::Global, &lease, &snapshot).await.unwrap());

    assert_eq!(sums(sets, &Board::Global).await.unwrap(), [(1, 21.5)]);
}

pub(crate) async fn of_many_who_begin_one_fills(sets: &impl Sets) {
    let leases: Vec<Lease> = (0..20).map(|_| lease(When::Cold)).collect();
    let begun = leases.iter().map(|lease| sets.begin(&Board::Global, lease));
    let turns: Vec<_> = futures::future::join_all(begun).await.into_iter().map(Result::unwrap).collect();

    let mine: Vec<_> = leases.iter().zip(&turns).filter(|(_, turn)| **turn == Turn::Yours).collect();
    assert_eq!(mine.len(), 1, "{turns:?}");
    assert!(turns.iter().all(|turn| *turn != Turn::Warm));
    assert!(sets.fill(&Board::Global, mine[0].0, &snapshot(2, &[])).await.unwrap());
    assert_eq!(sets.begin(&Board::Global, &lease(When::Cold)).await.unwrap(), Turn::Warm);
    assert_eq!(sets.begin(&Board::Global, &lease(When::Always)).await.unwrap(), Turn::Yours);
}

pub(crate) async fn after_a_lease_another_fills_and_the_first_is_refused(sets: &impl Sets) {
    let short = Lease { lasts: Duration::from_millis(30), ..lease(When::Cold) };
    sets.begin(&Board::Global, &short).await.unwrap();
    let next = lease(When::Cold);
    until(async || sets.begin(&Board::Global, &next).await.unwrap() == Turn::Yours).await;

    assert!(!sets.fill(&Board::Global, &short, &snapshot(2, &[(1, 1.0)])).await.unwrap());
    sets.give_up(&Board::Global, &short).await.unwrap();
    assert!(sets.fill(&Board::Global, &next, &snapshot(2, &[(2, 2.0)])).await.unwrap());

    assert_eq!(sums(sets, &Board::Global).await.unwrap(), [(2, 2.0)]);
}

pub(crate) async fn who_gives_up_lets_the_next_fill(sets: &impl Sets) {
    let (one, other) = (lease(When::Cold), lease(When::Cold));
    sets.begin(&Board::Global, &one).await.unwrap();
    assert_eq!(sets.begin(&Board::Global, &other).await.unwrap(), Turn::Another);

    sets.give_up(&Board::Global, &one).await.unwrap();

    assert_eq!(sets.begin(&Board::Global, &other).await.unwrap(), Turn::Yours);
    assert!(!sets.fill(&Board::Global, &one, &snapshot(2, &[])).await.unwrap());
}

pub(crate) async fn a_fill_that_began_before_the_board_was_forgotten_is_refused(sets: &impl Sets) {
    fill(sets, &Board::Global, &snapshot(2, &[(1, 1.0)])).await;
    let lease = lease(When::Always);
    sets.begin(&Board::Global, &lease).await.unwrap();

    sets.forget(&Board::Global).await.unwrap();

    assert_eq!(read(sets, &Board::Global).await, None);
    assert!(!sets.fill(&Board::Global, &lease, &snapshot(2, &[(1, 1.0)])).await.unwrap());
    assert_eq!(read(sets, &Board::Global).await, None);
}

pub(crate) async fn a_board_is_cold_after_its_time_to_live(sets: &impl Sets) {
    let short = Lease { time_to_live: Duration::from_millis(50), ..lease(When::Cold) };
    sets.begin(&Board::Global, &short).await.unwrap();
    assert!(sets.fill(&Board::Global, &short, &snapshot(2, &[(1, 1.0)])).await.unwrap());

    until(async || {
        // What is counted does not make it live longer.
        sets.count(&Board::Global, &[like(1, 2)]).await.unwrap();
        read(sets, &Board::Global).await.is_none()
    })
    .await;

    assert_eq!(sets.begin(&Board::Global, &lease(When::Cold)).await.unwrap(), Turn::Yours);
}

pub(crate) async fn boards_are_told_apart(sets: &impl Sets) {
    let [porto, odd] = [Board::city("Porto"), Board::city("{Porto}@%")];
    fill(sets, &porto, &snapshot(2, &[(1, 1.0)])).await;
    fill(sets, &odd, &snapshot(2, &[(2, 1.0)])).await;
    let event = like(3, 2);

    sets.count(&porto, &[event]).await.unwrap();
    sets.count(&odd, &[event]).await.unwrap();
    sets.forget(&odd).await.unwrap();

    assert_eq!(sums(sets, &porto).await.unwrap(), [(3, 10.0), (1, 1.0)]);
    assert_eq!(read(sets, &odd).await, None);
    assert_eq!(read(sets, &Board::Global).await, None);
}

pub(crate) async fn a_like_that_is_taken_back_leaves_nothing(sets: &impl Sets) {
    fill(sets, &Board::Global, &snapshot(2, &[(2, 0.1)])).await;
    let at = Timestamp(NOW.0 - 1_234_567);
    let given = Count { at, ..like(1, 2) };
    let taken = Count { id: Uuid::now_v7(), weight: -10.0, ..given };

    sets.count(&Board::Global, &[given]).await.unwrap();
    assert_eq!(read(sets, &Board::Global).await.unwrap().total, 2);
    sets.count(&Board::Global, &[taken]).await.unwrap();

    assert_eq!(sums(sets, &Board::Global).await.unwrap(), [(2, 0.1)]);
}

pub(crate) async fn a_like_may_be_counted_after_it_was_taken_back(sets: &impl Sets) {
    fill(sets, &Board::Global, &snapshot(2, &[(1, 1.0)])).await;
    let given = like(1, 2);
    let taken = Count { id: Uuid::now_v7(), weight: -10.0, ..given };

    sets.count(&Board::Global, &[taken]).await.unwrap();
    sets.count(&Board::Global, &[given]).await.unwrap();

    assert_eq!(sums(sets, &Board::Global).await.unwrap(), [(1, 1.0)]);
}

pub(crate) async fn an_event_that_is_too_old_to_be_known_makes_the_board_cold(sets: &impl Sets) {
    fill(sets, &Board::Global, &snapshot(2, &[])).await;
    let late = like(1, 2);

    sets.count(&Board::Global, &[like(1, 50)]).await.unwrap();
    assert_eq!(sums(sets, &Board::Global).await.unwrap(), [(1, 10.0)]);
    sets.count(&Board::Global, &[late]).await.unwrap();

    assert_eq!(read(sets, &Board::Global).await, None);
}

pub(crate) async fn events_of_many_epochs_are_counted_once(sets: &impl Sets) {
    fill(sets, &Board::Global, &snapshot(2, &[])).await;
    for epoch in 2..40 {
        let event = like(1, epoch);
        sets.count(&Board::Global, &[event, like(2, epoch)]).await.unwrap();
        sets.count(&Board::Global, &[like(2, epoch), event]).await.unwrap();
    }

    assert_eq!(sums(sets, &Board::Global).await.unwrap(), [(2, 760.0), (1, 380.0)]);
}

pub(crate) async fn thousands_of_players_and_events_are_taken(sets: &impl Sets) {
    let many: Vec<_> = (1..=4_321).map(|number| (number, 1.0)).collect();
    let counts: Vec<_> = (1..=4_321).map(|number| like(number, 2)).collect();
    let lease = Lease { lasts: LONG, ..lease(When::Cold) };
    sets.begin(&Board::Global, &lease).await.unwrap();
    sets.count(&Board::Global, &counts[..2_000]).await.unwrap();
    let open = counts[1_000..3_000].iter().map(|count| (count.id, count.epoch)).collect();

    assert!(sets.fill(&Board::Global, &lease, &Snapshot { open, ..snapshot(2, &many) }).await.unwrap());
    sets.count(&Board::Global, &counts).await.unwrap();

    let ranked = sums(sets, &Board::Global).await.unwrap();
    assert_eq!(ranked.len(), 4_321);
    assert_eq!(ranked.iter().filter(|(_, sum)| (*sum - 11.0).abs() < 1e-9).count(), 2_321);
    assert!((weights().like - 10.0).abs() < f64::EPSILON);
}
