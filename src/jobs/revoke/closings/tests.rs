use super::*;
use crate::ledger::row::LedgerChange;

const ROW: &str = r#"{"S":"A","IS_ACTIVE":0}"#;

/// Changes of `K`: run, what it did, the status in its image (none: erased).
fn closings(changes: &[(RunPlace, &str, Option<&str>)]) -> ClosingRuns {
    let mut closings = ClosingRuns::of_table_like(ROW);
    for (run, did, status) in changes {
        let restores = matches!(*did, "reopened" | "closed again");
        let is = i32::from(*did == "reopened");
        let before = status.map(|status| format!(r#"{{"S":"{status}","IS_ACTIVE":{}}}"#, 1 - is));
        let after = status.map(|_| format!(r#"{{"IS_ACTIVE":{is}}}"#));
        let images = (before.as_deref(), after.as_deref());
        closings.hear_response("K", *run, restores, *did == "found none", images);
    }
    closings.settle(Some);
    closings
}

fn assigned(closings: &ClosingRuns, rows: &[&str]) -> Vec<Option<RunPlace>> {
    let images: Vec<RowPrint> = rows
        .iter()
        .map(|status| closings.row_print(&format!(r#"{{"S":"{status}","IS_ACTIVE":0}}"#)))
        .collect();
    let found = closings.of("K").assign(&images, rows.len());
    found.into_iter().map(|closing| Some(closing?.run)).collect()
}

#[test]
fn a_row_goes_to_the_run_whose_image_it_equals() {
    let both = closings(&[(1, "took", Some("A")), (2, "took", Some("B"))]);
    assert_eq!(assigned(&both, &["B", "A"]), [Some(2), Some(1)]);
    assert_eq!(assigned(&both, &["A", "C"]), [Some(1), None]);
}

#[test]
fn a_row_that_was_edited_since_belongs_to_no_run() {
    assert_eq!(assigned(&closings(&[(1, "took", Some("A"))]), &["edited"]), [None]);
}

#[test]
fn the_latest_run_counts() {
    let twice = closings(&[(2, "took", Some("A")), (1, "found none", Some("A"))]);
    assert_eq!(assigned(&twice, &["A"]), [Some(2)]);
    assert_eq!(assigned(&twice, &["A", "A"]), [Some(2), Some(1)]);
}

#[test]
fn a_restore_takes_its_own_run_back_and_no_other() {
    let one =
        closings(&[(1, "took", Some("A")), (2, "took", Some("B")), (3, "reopened", Some("A"))]);
    assert_eq!(assigned(&one, &["B"]), [Some(2)]);
    assert_eq!(assigned(&one, &["A"]), [None]);
    let again =
        closings(&[(1, "took", Some("A")), (2, "reopened", Some("A")), (3, "took", Some("A"))]);
    assert_eq!(assigned(&again, &["A"]), [Some(3)]);
}

#[test]
fn an_erased_image_can_mean_only_a_row_that_nothing_else_can() {
    assert_eq!(assigned(&closings(&[(1, "took", None)]), &["A"]), [Some(1)]);
    assert_eq!(assigned(&closings(&[(1, "took", None), (2, "reopened", None)]), &["A"]), [None]);
    assert_eq!(assigned(&closings(&[(1, "took", None)]), &["A", "B"]), [None, None]);
    assert_eq!(
        assigned(&closings(&[(1, "took", None), (1, "took", None)]), &["A", "B"]),
        [Some(1), Some(1)]
    );
}

#[test]
fn a_restore_of_a_restore_took_access_only_if_it_took_a_row() {
    let closings = closings(&[
        (1, "took", Some("A")),
        (2, "reopened", Some("A")),
        (3, "closed again", Some("A")),
    ]);
    let row = closings.row_print(ROW);
    assert_eq!(closings.of("K").assign(&[row], 1), [Some(ClosingRun { run: 3, took: false })]);
}

#[test]
fn a_column_that_one_of_them_lacks_is_not_compared() {
    let mut closings = ClosingRuns::of_table_like(r#"{"S":"A","NEW":1,"IS_ACTIVE":0}"#);
    let before = r#"{"IS_ACTIVE":1,"S":"A","OLD":{"$hex":"00,\"}"},"T":"x"}"#;
    closings.hear_response("K", 1, false, false, (Some(before), Some(r#"{"IS_ACTIVE":0}"#)));
    closings.settle(Some);
    for (image, is_same) in [
        (r#"{"S":"A","NEW":1,"IS_ACTIVE":0}"#, true),
        (r#"{"S":"B","NEW":1,"IS_ACTIVE":0}"#, false),
    ] {
        let rows = [closings.row_print(image)];
        assert_eq!(closings.of("K").assign(&rows, 1)[0].is_some(), is_same, "{image}");
    }
}

#[test]
fn an_access_of_which_a_run_speaks_that_nobody_believes_is_doubted() {
    let change = |key: &str| LedgerChange {
        table_name: "MAP_RAP_USER_ROLE".into(),
        row_key: key.to_owned().into(),
        action: "insert".into(),
        ..LedgerChange::default()
    };
    let mut closings = ClosingRuns::of_table_like(ROW);
    for (run, key) in [(1, "K"), (2, "L")] {
        closings.hear(&LedgerEntry { change: change(key), image: None }, run, true);
    }
    closings.settle(|run| (run == 1).then_some(run));
    assert!(!closings.of("K").is_doubted);
    assert!(closings.of("L").is_doubted);
}
