//! Files: what is written is read back, and nobody sees half of one.

use audit::merkle::Frontier;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use uuid::Uuid;

use super::*;
use crate::verify::Row;

fn contents(rows: i64) -> Contents {
    let mut tree = Frontier::default();
    let before = Place { hash: [0; 32], tree: tree.clone() };
    (0..rows).for_each(|_| tree.push([1; 32]));
    let after = Place { hash: [1; 32], tree };
    Contents { practice: PracticeId::NIL, month: "2026-09".parse().unwrap(), before, after, cover: Vec::new() }
}

/// Values of a row, of all lengths, some missing.
struct Values {
    texts: Vec<String>,
    ids: Vec<Uuid>,
    number: i64,
}

fn some(dice: &mut StdRng) -> Values {
    let text = |dice: &mut StdRng| (0..dice.random_range(0..9)).map(|_| dice.random_range('a'..='ü')).collect();
    Values {
        texts: (0..dice.random_range(0..9)).map(|_| text(dice)).collect(),
        ids: (0..dice.random_range(0..4)).map(|_| Uuid::from_u128(dice.random())).collect(),
        number: dice.random(),
    }
}

fn row(values: &Values) -> Row<'_> {
    let Values { texts, ids, number } = values;
    let text = |n: usize| texts.get(n).map_or("", String::as_str);
    Row {
        position: *number,
        recorded_at: number.wrapping_mul(3),
        actor_kind: text(0),
        user_id: ids.first().copied(),
        account_id: ids.get(1).copied(),
        action: text(1),
        reason: texts.get(2).map(String::as_str),
        resource_ids: texts.iter().map(String::as_str).collect(),
        resource_count: i32::try_from(texts.len()).unwrap(),
        resource_hash: texts.get(3).map(String::as_bytes),
        patient_ids: ids.clone(),
        accessed_phi: number % 2 == 0,
        field_classes: texts.iter().skip(4).map(String::as_str).collect(),
        ip_address: texts.get(5).map(String::as_str),
        break_glass_id: ids.get(2).copied(),
        body: text(6).as_bytes(),
        mac: text(7).as_bytes(),
        hash: text(8).as_bytes(),
        ..Row::default()
    }
}

#[test]
fn every_value_is_read_as_it_was_written_in_files_of_any_length() {
    let home = tempfile::tempdir().unwrap();
    let archive = Archive::open(home.path()).unwrap();
    let mut dice = StdRng::seed_from_u64(1);
    for len in [1, 2, 2047, 2048, 2049, 20_000] {
        let all: Vec<Values> = (0..len).map(|_| some(&mut dice)).collect();
        let contents = contents(len);
        let mut writer =
            Writer::new(archive.draft(contents.practice, contents.month).unwrap(), contents.practice).unwrap();
        all.iter().for_each(|values| writer.push(&row(values)).unwrap());
        archive.publish(writer.finish(&contents).unwrap()).unwrap();

        let path = archive.path(contents.practice, contents.month);
        let reader = Reader::new(File::open(&path).unwrap()).unwrap();
        assert_eq!(reader.contents, contents);
        let mut expected = all.iter();
        reader
            .read(|batch| {
                for read in batch.rows() {
                    let (practice, read) = read.unwrap();
                    assert_eq!(practice, contents.practice.uuid());
                    assert_eq!(read, row(expected.next().unwrap()));
                }
                true
            })
            .unwrap();
        assert_eq!(expected.count(), 0);
        assert!(matches!(archive.sealed(contents.practice, contents.month).unwrap(), Sealed::Intact(_)));
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_file_has_its_name_when_it_is_complete_and_no_other_takes_it() {
    let home = tempfile::tempdir().unwrap();
    let archive = Archive::open(home.path()).unwrap();
    let contents = contents(1);
    let (practice, month) = (contents.practice, contents.month);
    let begin = || Writer::new(archive.draft(practice, month).unwrap(), practice).unwrap();
    begin().push(&Row::default()).unwrap();
    assert_eq!(archive.months(practice).unwrap(), []);
    assert_eq!(archive.contents(practice, month).unwrap(), None);

    let mut writer = begin();
    writer.push(&Row::default()).unwrap();
    archive.publish(writer.finish(&contents).unwrap()).unwrap();
    assert_eq!((archive.practices().unwrap(), archive.months(practice).unwrap()), (vec![practice], vec![month]));
    let kept = fs::read(archive.path(practice, month)).unwrap();

    let mut writer = begin();
    writer.push(&Row { position: 7, ..Row::default() }).unwrap();
    let refused = archive.publish(writer.finish(&contents).unwrap());
    assert!(matches!(refused, Err(Error::Io(_, e)) if e.kind() == io::ErrorKind::AlreadyExists));
    assert_eq!(fs::read(archive.path(practice, month)).unwrap(), kept);
    assert!(matches!(archive.sealed(practice, month).unwrap(), Sealed::Intact(_)));
}

#[test]
fn one_program_writes_at_a_time() {
    let home = tempfile::tempdir().unwrap();
    let archive = Archive::open(home.path()).unwrap();
    let lock = archive.lock().unwrap();
    assert!(matches!(archive.lock(), Err(Error::Busy(_))));
    drop(lock);
    archive.lock().unwrap();
    assert!(Archive::open(&home.path().join("not there")).is_err());
}
