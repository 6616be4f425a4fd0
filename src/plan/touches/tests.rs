use std::sync::Arc;

use chrono::NaiveDate;

use super::*;
use crate::db::image;

fn touch(at: usize) -> Touch {
    let day = NaiveDate::from_ymd_opt(2026, 1, 31).unwrap();
    let long = "Žofie ".repeat(at % 7 * 3_000);
    Touch {
        unit: format!("u{}", at / 2).into(),
        binds: vec![
            Value::Null,
            Value::Int(at as i64),
            Value::Int(-1),
            Value::Int(i64::MAX),
            Value::Text(String::new()),
            Value::Text(format!("E{at}")),
            Value::Number("0.1".to_owned()),
            Value::Real(1.5),
            day.into(),
            day.and_hms_opt(17, 0, at as u32 % 60).unwrap().into(),
            Value::Bytes(vec![at as u8]),
            // The last number that fits beside a bind's kind, and the first one that doesn't.
            Value::Int((1 << 30) - 1),
            Value::Int(1 << 30),
        ],
        change: Change {
            key: format!("k{at}").into(),
            action: if at.is_multiple_of(3) { Action::Delete } else { Action::Update },
            why: format!("rule {}", at % 12).into(),
            result: ChangeResult::Applied,
            before: (!at.is_multiple_of(5)).then(|| format!("{{\"A\":\"{long}\"}}").into()),
            after: at.is_multiple_of(2).then(|| Arc::from("{\"B\":0}")),
        },
        seen: (at == 4).then(|| "{}".into()),
    }
}

fn is_same(packed: TouchRef<'_>, touch: &Touch) {
    assert_eq!(packed.unit(), &*touch.unit);
    assert_eq!(packed.key(), &*touch.change.key);
    assert_eq!(packed.action(), touch.change.action);
    assert_eq!(packed.why(), &*touch.change.why);
    assert_eq!(packed.result(), touch.change.result);
    assert_eq!(packed.before(), touch.change.before.as_deref());
    assert_eq!(packed.after().as_deref(), touch.change.after.as_deref());
    assert_eq!(packed.seen(), touch.seen.as_deref());
    let binds: Vec<Bind<'_>> = touch.binds.iter().map(Bind::from).collect();
    assert_eq!(packed.binds().collect::<Vec<_>>(), binds);
    assert_eq!(packed.bind(5), binds[5]);
}

#[test]
fn what_is_read_is_what_was_pushed() {
    let touches: Touches = (0..500).map(touch).collect();
    assert!(touches.chunks.len() > 3, "one chunk tells nothing of many");
    assert_eq!(touches.len(), 500);
    for (at, packed) in touches.iter().enumerate() {
        is_same(packed, &touch(at));
    }
    let batches: Vec<usize> = touches.batches(200).map(|batch| batch.len()).collect();
    assert_eq!(batches, [200, 200, 100]);
}

#[test]
fn touches_are_sorted_kept_and_given_another_row_before() {
    let mut touches: Touches = (0..100).map(touch).collect();
    touches.sort_by(|a, b| b.key().cmp(a.key()));
    touches.retain(|touch| touch.key().ends_with('7'));
    let keys: Vec<&str> = touches.iter().map(TouchRef::key).collect();
    assert_eq!(keys, ["k97", "k87", "k77", "k7", "k67", "k57", "k47", "k37", "k27", "k17"]);
    touches.set_last_bind(3, Value::Int(7));
    assert_eq!(touches.get(3).unwrap().binds().last(), Some(Bind::Int(7)));
    touches.set_before(3, "{\"A\":2}");
    assert_eq!(touches.get(3).unwrap().before(), Some("{\"A\":2}"));
    is_same(touches.get(4).unwrap(), &touch(67));
}

#[test]
fn a_new_row_is_told_by_its_binds() {
    let mut touches = Touches::of_new_rows(["id", "city"]);
    let binds = vec![Value::from("anna"), Value::from("Bern \"West\"")];
    let after = image(&[("ID", &binds[0]), ("CITY", &binds[1])]);
    touches.push(Touch { binds, ..touch(1) });
    assert_eq!(touches.get(0).unwrap().after().as_deref(), Some(&*after));
}

#[test]
fn nothing_short_numbers_and_texts_take_no_value_of_their_own() {
    let binds = vec![Value::Null, Value::Int(0), Value::Int((1 << 30) - 1), Value::from("anna")];
    let touches: Touches = [Touch { binds, ..touch(1) }].into_iter().collect();
    assert!(touches.chunks[0].others.is_empty());
}

#[test]
fn a_chunk_takes_touches_until_it_is_full_and_never_grows() {
    let small = |at: usize| Touch { binds: vec![Value::Text(format!("E{at}"))], ..touch(7 * at) };
    let touches: Touches = (0..5_000).map(small).collect();
    let (_, full) = touches.chunks.split_last().unwrap();
    assert!(!full.is_empty());
    for chunk in full {
        assert!(chunk.text.len() > CHUNK_BYTES - 100, "{}", chunk.text.len());
        assert_eq!(chunk.text.capacity(), CHUNK_BYTES);
    }
}
