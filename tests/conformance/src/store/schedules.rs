//! Schedules: rows that are written on condition of their revision.

use stagemark::{RunId, ports::ScheduleRow};

use super::{
    Subject,
    fixture::{NOW, at},
};

async fn put(store: &Subject, row: &ScheduleRow) -> bool {
    store.put_schedule(row).await.expect("the store writes schedules")
}

async fn all(store: &Subject) -> Vec<ScheduleRow> {
    store.schedules().await.expect("the store lists schedules")
}

/// With all that it has, and in the order of the names.
pub async fn a_schedule_comes_back_as_it_was_written(store: Subject) {
    let full = ScheduleRow {
        next: Some(at(1)),
        firing: Some(at(2)),
        last: Some(NOW),
        run: Some(RunId::new()),
        skipped: Some(at(3)),
        ..ScheduleRow::new("weekly", r#"{"timing":"cron 0 3 * * MON in Europe/Madrid"}"#)
    };
    let bare = ScheduleRow::new("nightly", "{}");

    assert!(put(&store, &full).await && put(&store, &bare).await);

    assert_eq!(all(&store).await, [ScheduleRow { revision: 1, ..bare }, ScheduleRow { revision: 1, ..full }]);
}

/// One that is new is made once.
pub async fn a_schedule_is_made_once(store: Subject) {
    assert!(put(&store, &ScheduleRow::new("nightly", "first")).await);

    assert!(!put(&store, &ScheduleRow::new("nightly", "second")).await);

    assert_eq!(&*all(&store).await[0].definition, "first");
}

/// At an earlier one, a later one, and where there is none.
pub async fn a_schedule_of_another_revision_is_not_written(store: Subject) {
    let row = ScheduleRow::new("nightly", "{}");
    assert!(put(&store, &row).await);
    let changed = ScheduleRow { revision: 1, next: Some(at(5)), ..row.clone() };
    assert!(put(&store, &changed).await);

    assert!(!put(&store, &ScheduleRow { revision: 1, next: Some(at(6)), ..row.clone() }).await);
    assert!(!put(&store, &ScheduleRow { revision: 3, next: Some(at(7)), ..row.clone() }).await);
    assert!(!put(&store, &ScheduleRow { revision: 1, ..ScheduleRow::new("weekly", "{}") }).await);

    assert_eq!(all(&store).await, [ScheduleRow { revision: 2, ..changed }]);
}

/// What was there is cleared, too.
pub async fn a_schedule_is_written_whole(store: Subject) {
    let firing = ScheduleRow { firing: Some(NOW), skipped: Some(NOW), ..ScheduleRow::new("nightly", "{}") };
    assert!(put(&store, &firing).await);

    let fired = ScheduleRow { revision: 1, firing: None, skipped: None, last: Some(NOW), ..firing };
    assert!(put(&store, &fired).await);

    assert_eq!(all(&store).await, [ScheduleRow { revision: 2, ..fired }]);
}

/// However many hosts there are.
pub async fn of_racing_writes_of_a_schedule_one_is_accepted(store: Subject) {
    let row = ScheduleRow::new("nightly", "{}");
    assert!(put(&store, &row).await);

    let race = (0..8).map(|later| {
        let (store, row) = (store.clone(), ScheduleRow { revision: 1, next: Some(at(later)), ..row.clone() });
        tokio::spawn(async move { put(&store, &row).await })
    });
    let mut accepted = 0;
    for one in race.collect::<Vec<_>>() {
        accepted += u32::from(one.await.expect("no write panics"));
    }

    assert_eq!((accepted, all(&store).await[0].revision), (1, 2));
}
