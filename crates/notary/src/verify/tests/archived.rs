//! The same from files: what somebody may try who has the archive, alone and together with the database.

use std::path::PathBuf;

use bytes::Bytes;
use chrono::TimeDelta;
use futures_util::TryStreamExt;

use super::super::copy::{self, Message};
use super::*;
use crate::archive::{Contents, Month, Writer};
use crate::export::Export;

/// A log of four months of which the last goes on, and the files of the others.
struct Archived {
    log: Log,
    _home: tempfile::TempDir,
    archive: Archive,
    months: [Month; 3],
    good: Report,
}

/// What is done to the order of rows, or to what a file says of itself.
type Reorder = Box<dyn FnOnce(&mut Vec<usize>)>;
type Spoil = Box<dyn Fn(&mut Contents)>;

/// Where the files end.
const LAST: [i64; 3] = [10, 20, 25];

impl Archived {
    async fn new() -> Self {
        let now = kernel::Clock::system().now();
        let months = [3, 2, 1].map(|back| Month::of(now).back(back));
        let at = |n: i64| LAST.iter().position(|last| n < *last).map_or(now, |file| months[file].start());
        let log = Log::of(|n| now - at(n) - TimeDelta::seconds(n)).await;
        let (home, archive) = export(&log, &months).await;
        let sources = Sources { archive: Some(&archive), client: None };
        let good = super::super::sources(sources, &log.evidence, |_read, _of| {}).await.unwrap();
        assert_eq!((good.exit_code(), good.entries, good.checkpoints), (0, 50, 6), "{good:?}");
        Self { log, _home: home, archive, months, good }
    }

    async fn verify(&self, with_database: bool) -> Report {
        let client = with_database.then_some(&self.log.client);
        let sources = Sources { archive: Some(&self.archive), client };
        super::super::sources(sources, &self.log.evidence, |_read, _of| {}).await.unwrap()
    }

    /// Which file has the position.
    fn month(&self, position: i64) -> Month {
        self.months[LAST.iter().position(|last| position <= *last).unwrap()]
    }

    fn files(&self, practice: PracticeId, month: Month) -> [PathBuf; 2] {
        let file = self.archive.path(practice, month);
        [file.with_extension("parquet.sha256"), file]
    }

    /// Puts other files in the place of one, until [`Self::restore`].
    fn take(&self, practice: PracticeId, month: Month) -> Contents {
        let contents = self.archive.contents(practice, month).unwrap().unwrap();
        for file in self.files(practice, month) {
            std::fs::rename(&file, file.with_extension("kept")).unwrap();
        }
        contents
    }

    fn restore(&self, practice: PracticeId, month: Month) {
        for file in self.files(practice, month) {
            std::fs::rename(file.with_extension("kept"), &file).unwrap();
        }
    }

    /// Writes a file of the rows that the database has, whatever they say, with a digest that fits.
    async fn refile(&self, practice: PracticeId, contents: &Contents, order: impl FnOnce(&mut Vec<usize>)) {
        let sql = format!(
            "COPY (SELECT {} FROM audit.entries WHERE practice_id = '{practice}' AND position BETWEEN {} AND {}
             ORDER BY position, recorded_at) TO STDOUT (FORMAT binary)",
            row::COLUMNS,
            contents.first(),
            contents.last()
        );
        let stream = self.log.client.copy_out(&sql).await.unwrap();
        let messages: Vec<Bytes> = stream.try_collect().await.unwrap();
        let rows: Vec<_> = messages.iter().enumerate().map(|(n, message)| copy::read(message, n == 0)).collect();
        let mut indices: Vec<usize> = (0..rows.len() - 1).collect();
        order(&mut indices);
        let draft = self.archive.draft(contents.practice, contents.month).unwrap();
        let mut writer = Writer::new(draft, practice).unwrap();
        for n in indices {
            if let Some(Message::Row(row)) = &rows[n] {
                writer.push(row).unwrap();
            }
        }
        self.archive.publish(writer.finish(contents).unwrap()).unwrap();
    }

    /// The digest of what lies there now.
    fn reseal(&self, practice: PracticeId, month: Month, bytes: &[u8]) {
        use sha2::{Digest, Sha256};
        let [digest, file] = self.files(practice, month);
        std::fs::write(file, bytes).unwrap();
        std::fs::write(digest, format!("{}  {month}.parquet\n", hex::encode(Sha256::digest(bytes)))).unwrap();
    }
}

async fn export(log: &Log, months: &[Month]) -> (tempfile::TempDir, Archive) {
    let home = tempfile::tempdir().unwrap();
    let archive = Archive::open(home.path()).unwrap();
    let (now, checkpoints) = (log.evidence.now, Some(&log.evidence.checkpoints));
    let export = Export { client: &log.client, archive: &archive, checkpoints, now };
    for month in months {
        export.month(*month, None, |_entries| {}).await.unwrap();
    }
    (home, archive)
}

#[tokio::test]
async fn no_stored_field_of_any_entry_of_a_file_can_be_changed_unnoticed() {
    let it = Archived::new().await;
    let practice = it.log.practices[1];
    let mut missed = Vec::new();
    for position in 1..=LAST[2] {
        let month = it.month(position);
        for (column, value) in COLUMNS {
            let here = format!("WHERE practice_id = '{practice}' AND position = {position}");
            it.log.run(&format!("UPDATE audit.entries SET {column} = {value} {here}")).await;
            let contents = it.take(practice, month);
            it.refile(practice, &contents, |_| {}).await;
            let found = outcome(&it.verify(false).await);
            if found != (1, Some((practice, position))) {
                missed.push(format!("{column} of {position}: {found:?}"));
            }
            it.restore(practice, month);
            it.log.run(&format!("DELETE FROM audit.entries {here} + (CASE '{column}' WHEN 'position' THEN 1000 ELSE 0 END); INSERT INTO audit.entries SELECT * FROM public.entries {here}")).await;
        }
    }
    assert_eq!(missed, Vec::<String>::new());
    assert_eq!(it.verify(false).await, it.good);
}

#[tokio::test]
async fn no_entry_of_a_file_can_be_removed_added_or_moved_unnoticed() {
    let it = Archived::new().await;
    let practice = it.log.practices[0];
    let mut missed = Vec::new();
    for (file, month) in it.months.into_iter().enumerate() {
        let (first, last) = (if file == 0 { 1 } else { LAST[file - 1] + 1 }, LAST[file]);
        let len = usize::try_from(last - first + 1).unwrap();
        for n in 0..len {
            let at = first + i64::try_from(n).unwrap();
            let mut trials: Vec<(String, i64, Reorder)> = vec![
                (format!("without {at}"), at, Box::new(move |rows| rows.retain(|row| *row != n))),
                (format!("{at} twice"), at, Box::new(move |rows| rows.insert(n, n))),
                (format!("nothing from {at} on"), at, Box::new(move |rows| rows.truncate(n))),
            ];
            for other in n + 1..len {
                trials.push((
                    format!("{n} and {other} in each other's places"),
                    at,
                    Box::new(move |rows| rows.swap(n, other)),
                ));
            }
            for (what, position, order) in trials {
                let contents = it.take(practice, month);
                it.refile(practice, &contents, order).await;
                let found = outcome(&it.verify(false).await);
                if found != (1, Some((practice, position))) {
                    missed.push(format!("{what}: {found:?}"));
                }
                it.restore(practice, month);
            }
        }
    }
    assert_eq!(missed, Vec::<String>::new());
}

#[tokio::test]
async fn no_byte_of_a_file_or_its_digest_can_be_changed_unnoticed() {
    let it = Archived::new().await;
    let (practice, month) = (it.log.practices[0], it.months[1]);
    let found = (1, Some((practice, LAST[0] + 1)));
    for path in it.files(practice, month) {
        let good = std::fs::read(&path).unwrap();
        println!("{} bytes", good.len());
        for at in (0..good.len()).step_by(if good.len() < 200 { 1 } else { 5 }) {
            let mut bytes = good.clone();
            bytes[at] ^= 1 << (at % 8);
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(outcome(&it.verify(false).await), found, "byte {at} of {}", path.display());
        }
        for len in [0, 1, good.len() / 2, good.len() - 1] {
            std::fs::write(&path, &good[..len]).unwrap();
            assert_eq!(outcome(&it.verify(false).await), found, "{len} bytes of {}", path.display());
        }
        std::fs::write(&path, &good).unwrap();
    }
    // whoever changed it made a digest that fits: then it is the rows that give it away, if one of them is another
    let good = std::fs::read(it.archive.path(practice, month)).unwrap();
    let mut noticed = 0;
    let tried: Vec<usize> = (0..good.len()).step_by(11).collect();
    for at in &tried {
        let mut bytes = good.clone();
        bytes[*at] ^= 1 << (at % 8);
        it.reseal(practice, month, &bytes);
        let report = it.verify(false).await;
        if report != it.good {
            assert_eq!(report.exit_code(), 1, "byte {at}: {report:?}");
            noticed += 1;
        }
    }
    println!("{noticed} of {} changes were of rows or what the file says of itself", tried.len());
    for len in [0, 1, 12, good.len() / 2, good.len() - 1] {
        it.reseal(practice, month, &good[..len]);
        assert_eq!(outcome(&it.verify(false).await), found, "{len} bytes");
    }
    assert!(noticed * 2 > tried.len());
}

#[tokio::test]
async fn no_file_can_be_exchanged_or_say_of_itself_what_is_not_so() {
    let it = Archived::new().await;
    let [practice, other] = it.log.practices;
    let month = it.months[1];
    let first = LAST[0] + 1;
    let elsewhere = [(other, month, first), (practice, it.months[0], first), (practice, it.months[2], first)];
    for (of, from, position) in elsewhere {
        let bytes = std::fs::read(it.archive.path(of, from)).unwrap();
        it.take(practice, month);
        it.reseal(practice, month, &bytes);
        assert_eq!(outcome(&it.verify(false).await), (1, Some((practice, position))), "{of} {from}");
        it.restore(practice, month);
    }
    // the other practice's rows under this one's name
    let contents = it.take(practice, month);
    it.refile(other, &contents, |_| {}).await;
    assert_eq!(outcome(&it.verify(false).await), (1, Some((practice, first))));
    it.restore(practice, month);

    let flip = |hash: &mut audit::chain::Hash| hash[0] ^= 1;
    let resized = |place: &archive::Place, by: i64| {
        let mut tree = place.tree.clone();
        if by > 0 {
            tree.push([1; 32]);
        } else {
            let size = tree.size() - 1;
            let peaks = usize::try_from(size.count_ones()).unwrap();
            tree = audit::merkle::Frontier::resume(size, vec![[1; 32]; peaks]).unwrap();
        }
        archive::Place { hash: place.hash, tree }
    };
    let spoils: [(&str, i64, Spoil); 7] = [
        ("hash before", first, Box::new(move |c| flip(&mut c.before.hash))),
        ("hash after", LAST[1], Box::new(move |c| flip(&mut c.after.hash))),
        ("begins earlier", first - 1, Box::new(move |c| c.before = resized(&c.before, -1))),
        ("ends later", LAST[1] + 1, Box::new(move |c| c.after = resized(&c.after, 1))),
        ("ends earlier", LAST[1], Box::new(move |c| c.after = resized(&c.after, -1))),
        ("other peaks", LAST[1], Box::new(move |c| c.after = resized(&resized(&c.after, 1), -1))),
        ("of another practice", first, Box::new(move |c| c.practice = other)),
    ];
    for (what, position, spoil) in spoils {
        let mut contents = it.take(practice, month);
        let whole = contents.clone();
        spoil(&mut contents);
        // all rows, whatever it says
        it.refile_as(practice, &whole, &contents).await;
        assert_eq!(outcome(&it.verify(false).await), (1, Some((practice, position))), "{what}");
        it.restore(practice, month);
    }
    assert_eq!(it.verify(false).await, it.good);
}

impl Archived {
    /// The rows of one contents under another, in the first one's place.
    async fn refile_as(&self, practice: PracticeId, rows: &Contents, said: &Contents) {
        self.refile(practice, rows, |_| {}).await;
        let [digest, file] = self.files(practice, rows.month);
        let reader = archive::Reader::new(std::fs::File::open(&file).unwrap()).unwrap();
        std::fs::remove_file(digest).unwrap();
        std::fs::remove_file(&file).unwrap();
        let mut writer = Writer::new(Vec::new(), practice).unwrap();
        let push = |batch: archive::Batch| {
            batch.rows().for_each(|row| writer.push(&row.unwrap().1).unwrap());
            true
        };
        reader.read(push).unwrap();
        self.reseal(practice, rows.month, &writer.finish(said).unwrap());
    }
}

#[tokio::test]
async fn a_missing_file_is_told_with_the_positions_that_were_in_it() {
    let it = Archived::new().await;
    let practice = it.log.practices[0];
    let gaps = |report: &Report| -> Vec<(i64, Option<i64>)> {
        report.incomplete.iter().map(|gap| (gap.position, gap.through)).collect()
    };
    for (file, missing) in [(0, (1, Some(10))), (1, (11, Some(20)))] {
        it.take(practice, it.months[file]);
        let report = it.verify(false).await;
        assert_eq!((report.exit_code(), gaps(&report)), (2, vec![missing]), "{report:?}");
        // what follows is still held to the checkpoints
        assert_eq!(report.checkpoints, 5 + u64::from(file == 1), "the file before leads to the one in the gap");
        assert_eq!(it.verify(true).await.exit_code(), 0, "the database has it");
        it.restore(practice, it.months[file]);
    }
    std::fs::remove_file(&it.files(practice, it.months[0])[0]).unwrap();
    assert_eq!(gaps(&it.verify(false).await), [(1, None)]);
    let [digest, file] = it.files(practice, it.months[0]);
    let bytes = std::fs::read(&file).unwrap();
    it.reseal(practice, it.months[0], &bytes);
    assert!(digest.exists());

    // entries that left the database are in the archive, or somewhere: whoever detached them said so
    let gone = |to: i64| format!("DELETE FROM audit.entries WHERE practice_id = '{practice}' AND position <= {to}");
    let said = |month: Month, to: i64| {
        format!(
            "INSERT INTO audit.archive_checks SELECT '{practice}', '{month}-01', gen_random_uuid(), 1, {to}, sha256(''), now()
             FROM generate_series(1, 2)"
        )
    };
    it.log.run(&gone(20)).await;
    assert_eq!(it.verify(true).await.exit_code(), 0);
    let alone = it.log.verify(&it.log.evidence).await;
    assert_eq!(outcome(&alone), (1, Some((practice, 1))), "nobody said so");
    it.log.run(&said(it.months[0], 10)).await;
    let alone = it.log.verify(&it.log.evidence).await;
    assert_eq!(outcome(&alone), (1, Some((practice, 1))), "more is gone than was archived");
    it.log.run(&said(it.months[1], 20)).await;
    let alone = it.log.verify(&it.log.evidence).await;
    assert_eq!((alone.exit_code(), gaps(&alone)), (2, vec![(1, Some(20))]), "{alone:?}");
    it.take(practice, it.months[1]);
    let report = it.verify(true).await;
    assert_eq!((report.exit_code(), gaps(&report)), (2, vec![(11, Some(20))]), "{report:?}");
    it.restore(practice, it.months[1]);
    it.log.run(&gone(30)).await;
    assert_eq!(outcome(&it.verify(true).await), (1, Some((practice, 26))), "what is in no file is just gone");
    it.log.restore().await;
    it.log.run("DELETE FROM audit.archive_checks").await;
    assert_eq!(it.verify(true).await.exit_code(), 0);
}

#[tokio::test]
async fn a_rewritten_end_of_the_archive_is_told_by_the_checkpoint_that_it_leads_to() {
    let it = Archived::new().await;
    let practice = it.log.practices[0];
    for position in [17, 20, 21, 25] {
        let month = it.month(position);
        rewrite(&it.log, practice, position, &MacKeys::known()).await;
        let (home, archive) = export(&it.log, &it.months).await;
        let sources = Sources { archive: Some(&archive), client: None };
        let report = super::super::sources(sources, &it.log.evidence, |_read, _of| {}).await.unwrap();
        assert_eq!(outcome(&report), (1, Some((practice, 17))), "{position} in {month} of {home:?}: {report:?}");
        it.log.restore().await;
    }
    // without checkpoints it can't lead to one
    let home = tempfile::tempdir().unwrap();
    let archive = Archive::open(home.path()).unwrap();
    let export = Export { client: &it.log.client, archive: &archive, checkpoints: None, now: it.log.evidence.now };
    export.month(it.months[0], Some(practice), |_entries| {}).await.unwrap();
    let sources = Sources { archive: Some(&archive), client: None };
    let report = super::super::sources(sources, &it.log.evidence, |_read, _of| {}).await.unwrap();
    let uncovered = report.incomplete.iter().find(|gap| gap.practice == practice).map(|gap| gap.position);
    assert_eq!((report.exit_code(), uncovered), (2, Some(8)), "{report:?}");
}

#[tokio::test]
async fn wherever_months_end_archive_and_database_tell_what_the_database_alone_tells() {
    for seed in 0..6 {
        let mut dice = StdRng::seed_from_u64(seed);
        let now = kernel::Clock::system().now();
        // clocks of several servers: times go on, but not in the order of the positions
        let ages: Vec<i64> =
            (0..ENTRIES).map(|n| (ENTRIES - n) * 5 * 86_400 + dice.random_range(0..6 * 86_400)).collect();
        let log = Log::of(|n| TimeDelta::seconds(ages[usize::try_from(n).unwrap()])).await;
        let months: Vec<Month> = (1..=6).rev().map(|back| Month::of(now).back(back)).collect();
        let expected = log.verify(&log.evidence).await;
        assert_eq!((expected.exit_code(), expected.entries), (0, 60));
        let (_home, archive) = export(&log, &months).await;
        let sources = Sources { archive: Some(&archive), client: Some(&log.client) };
        assert_eq!(super::super::sources(sources, &log.evidence, |_read, _of| {}).await.unwrap(), expected, "{seed}");
        let alone =
            super::super::sources(Sources { client: None, ..sources }, &log.evidence, |_read, _of| {}).await.unwrap();
        assert_eq!(alone.exit_code(), 0, "{alone:?}");
        // a file is the same whenever it is written, and with or without those before it
        for month in months {
            let (again, other) = export(&log, &[month]).await;
            for practice in log.practices {
                let [one, two] = [&archive, &other].map(|archive| std::fs::read(archive.path(practice, month)).ok());
                assert_eq!(one, two, "{practice} {month} {again:?}");
            }
        }
    }
}
