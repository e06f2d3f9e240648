//! The contract of the port to the runs, clause by clause; see [`store_suite!`](crate::store_suite).

use std::sync::Arc;

use stagemark::ports::Store;

pub mod batch;
pub mod census;
pub mod change;
pub mod claim;
pub mod companion;
mod fixture;
pub mod graph;
pub mod heartbeat;
pub mod history;
pub mod lapse;
pub mod list;
pub mod outbox;
pub mod payload;
pub mod race;
pub mod results;
pub mod schedules;
pub mod submit;

/// The store that a case is about; tasks that race share it.
pub type Subject = Arc<dyn Store>;

/// Makes one test of each clause of the contract of [`Store`].
///
/// The expression gives an empty store and what must live as long as it does, for example its folder; it may `.await`.
/// It is evaluated once a test. The crate that uses it depends on `tokio`, with `macros` and `rt-multi-thread`.
///
/// ```
/// use stagemark::MemoryStore;
///
/// stagemark_conformance::store_suite!((MemoryStore::new(), ()));
/// ```
///
/// With a folder for the store's file:
///
/// ```
/// use stagemark::MemoryStore;
///
/// async fn in_a_folder() -> (MemoryStore, tempfile::TempDir) {
///     let folder = tempfile::tempdir().expect("there is room for a folder");
///     (MemoryStore::new(), folder) // Here: a store whose file is in the folder.
/// }
///
/// stagemark_conformance::store_suite!(in_a_folder().await);
/// ```
#[macro_export]
macro_rules! store_suite {
    ($make:expr) => {
        $crate::store_suite! { @each $make;
            submit:
                a_submitted_run_is_loaded_as_it_was_written,
                a_run_that_was_never_submitted_is_not_loaded,
                a_used_key_returns_the_first_run,
                a_key_used_in_the_same_batch_returns_the_first_run,
                a_key_belongs_to_one_workflow,
                a_key_belongs_to_all_versions_of_a_workflow,
                runs_without_a_key_never_meet,
                an_id_is_used_once;
            change:
                a_changed_row_raises_the_revision,
                markers_alone_leave_the_revision,
                a_change_of_an_earlier_revision_is_refused,
                a_change_of_a_later_revision_is_refused,
                a_change_of_an_unknown_run_is_refused,
                a_late_attempt_cannot_write,
                a_done_marker_is_never_overwritten,
                a_marker_of_the_same_attempt_is_replaced,
                a_newer_attempt_replaces_the_marker,
                a_refused_change_writes_nothing;
            batch:
                an_empty_batch_has_no_outcomes,
                outcomes_stand_in_the_order_of_their_writes,
                a_refused_write_does_not_hurt_its_neighbours,
                a_batch_of_one_is_written,
                a_batch_of_two_is_written,
                a_batch_of_257_is_written,
                a_batch_of_1000_is_written;
            payload:
                text_comes_back_as_it_was_written,
                a_megabyte_comes_back_as_it_was_written,
                every_phase_of_a_marker_comes_back,
                how_a_marker_stands_to_passes_comes_back,
                that_a_marker_tells_of_a_taken_result_comes_back,
                a_marker_of_a_step_that_is_done_keeps_nothing_of_the_one_before,
                the_greatest_numbers_come_back,
                markers_come_back_in_the_order_of_their_tasks,
                markers_of_neighbouring_runs_are_told_apart,
                five_hundred_markers_of_a_run_come_back;
            claim:
                a_due_run_is_handed_out_whole,
                a_run_is_not_handed_out_before_it_is_due,
                what_was_handed_out_is_reserved,
                a_reservation_ends,
                no_more_runs_are_handed_out_than_there_is_room_for,
                the_oldest_places_are_handed_out_first,
                runs_of_a_higher_priority_are_handed_out_first,
                hinted_runs_alone_are_handed_out,
                a_hinted_run_is_not_handed_out_before_it_is_due,
                a_hinted_run_without_room_is_not_handed_out,
                a_run_of_another_workflow_is_not_handed_out,
                a_run_of_another_version_is_not_handed_out,
                a_run_at_another_node_is_not_handed_out,
                several_nodes_are_served_by_one_claim,
                a_run_at_two_nodes_is_handed_out_once,
                a_change_replaces_the_places_in_the_queue,
                an_ended_run_leaves_the_queue,
                the_next_place_is_told,
                a_reserved_place_is_next_when_its_reservation_ends,
                next_places_that_are_not_served_are_not_told,
                a_place_that_is_due_is_no_next_place,
                a_next_place_without_room_is_not_told;
            lapse:
                a_run_lapses_whose_holder_was_never_heard_of,
                a_run_lapses_when_the_lease_of_its_holder_ends,
                a_run_lapses_when_the_lease_of_a_task_ends,
                a_lease_holds_until_its_last_moment,
                a_lease_that_was_ended_lapses_at_once,
                a_renewed_lease_holds_longer,
                nothing_lapses_for_the_worker_that_holds_it,
                a_run_that_has_ended_does_not_lapse,
                the_worker_of_a_done_task_does_not_lapse,
                a_run_of_another_version_does_not_lapse,
                no_more_lapsed_runs_are_handed_out_than_asked_for,
                runs_lapse_also_where_there_is_no_room;
            heartbeat:
                what_was_heard_comes_back,
                the_latest_report_of_an_attempt_is_kept,
                a_report_of_an_earlier_attempt_is_dropped,
                a_report_about_an_unknown_run_is_no_error,
                a_watched_run_that_ended_is_told,
                a_watched_run_that_does_not_exist_is_told,
                the_time_of_the_store_is_told;
            list:
                runs_are_listed_oldest_first,
                ended_runs_are_listed_on_demand,
                no_more_runs_are_listed_than_asked_for,
                each_worker_with_a_lease_is_counted_once,
                a_lapsed_lease_is_not_counted,
                places_in_the_queue_are_counted;
            history:
                a_page_has_the_newest_runs_first,
                a_page_has_the_statuses_that_are_asked_for,
                a_page_has_the_workflow_that_is_asked_for,
                pages_follow_each_other,
                no_more_runs_are_looked_at_for_a_page_than_asked_for,
                a_page_tells_how_a_run_went,
                a_forgotten_run_is_gone,
                a_run_that_has_not_ended_is_not_forgotten,
                the_key_of_a_forgotten_run_is_free;
            census:
                runs_are_counted_by_workflow_and_status,
                runs_that_have_ended_are_not_counted,
                due_places_are_counted_with_the_oldest,
                hints_in_the_outbox_are_counted,
                no_more_is_counted_than_asked_for;
            outbox:
                a_hint_of_a_submission_comes_back,
                a_hint_of_a_change_comes_back,
                a_hint_that_was_sent_is_gone,
                a_refused_write_leaves_no_hint,
                a_hint_of_the_same_place_replaces_the_earlier_one,
                hints_of_this_moment_are_left_alone,
                no_more_hints_are_given_than_asked_for,
                a_hint_outlives_changes_of_its_run;
            companion:
                an_accompanied_change_is_written,
                a_companion_that_fails_spoils_its_change,
                a_spoiled_change_does_not_hurt_its_neighbours,
                an_accompanied_change_is_fenced;
            results:
                a_kept_result_is_given_to_all_who_want_it,
                a_result_is_kept_with_its_change,
                a_result_of_a_refused_change_is_not_kept,
                a_result_ends_after_its_last_moment,
                a_missing_result_is_granted_to_one,
                of_racing_wishes_one_is_granted,
                a_result_is_granted_to_its_maker_again,
                a_result_that_is_given_up_is_granted_again,
                a_kept_result_is_not_given_up,
                a_result_is_granted_again_when_the_lease_of_its_maker_ends,
                a_result_is_granted_again_when_it_should_have_been_made,
                a_useless_result_is_granted_to_be_made_anew,
                a_later_result_replaces_the_earlier_one,
                results_that_are_over_are_removed,
                the_outputs_of_results_are_told;
            schedules:
                a_schedule_comes_back_as_it_was_written,
                a_schedule_is_made_once,
                a_schedule_of_another_revision_is_not_written,
                a_schedule_is_written_whole,
                of_racing_writes_of_a_schedule_one_is_accepted;
            graph:
                the_first_graph_of_a_version_is_kept,
                each_version_has_a_graph_of_its_own,
                each_workflow_has_a_graph_of_its_own,
                a_graph_is_looked_up_without_keeping_one;
            race:
                racing_submissions_of_a_key_make_one_run,
                of_racing_changes_of_a_revision_one_is_accepted,
                racing_claims_never_hand_out_a_place_twice,
                racing_definitions_agree_on_one_graph,
                racing_batches_are_all_written;
        }
    };
    (@each $make:expr; $($group:ident: $($clause:ident),*;)*) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $clause() {
                let (store, _alive) = $make;
                $crate::store::$group::$clause(std::sync::Arc::new(store)).await;
            }
        )*)*
    };
}
