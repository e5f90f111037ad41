use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::PracticeId;
use kernel::id::PatientId;
use prost::Message;
use schema::tables::audit::{entries, heads};
use therapy_claims::audit::v1::EntryBody;

use super::*;
use crate::seal::MacKeys;
use crate::trail::tests::Fixture;
use crate::{Action, Entry};

/// Practice, position, body, MAC and hash.
type Row = (PracticeId, i64, Vec<u8>, Vec<u8>, Vec<u8>);

#[test]
fn a_link_is_the_digest_that_the_protocol_names() {
    // computed by other means
    let practice = PracticeId::from_uuid(uuid::uuid!("00112233-4455-7677-8899-aabbccddeeff"));
    let hash = link(practice, 1, &GENESIS, b"body", &[7; 32]);
    assert_eq!(hex::encode(hash), "008fd7c1de7d2d13aeb6c4869a7ea9ecada8fd52515f00499d650e6c29892fd5");
}

/// Appends to several practices at once and alone; every hash is the one that follows from the entry before.
#[tokio::test]
async fn the_database_links_entries_as_the_protocol_says() {
    let fixture = Fixture::new().await;
    let practices = [fixture.practice, fixture.practice().await, fixture.practice().await];
    let scopes = practices.map(|practice| fixture.ctx(practice, chrono::TimeDelta::zero()));
    let entry = |n: usize| {
        let scope = scopes[n % 7 % 3].scope().unwrap();
        let mut entry = Entry::bare(scope, Action::View, "patient");
        (0..n).for_each(|_| entry.add(PatientId::new().uuid(), Some(PatientId::new().uuid())));
        entry
    };
    let db = fixture.owner.directory().await.unwrap();
    for count in [1, 2, 1, 40, 1, 64, 3] {
        let batch: Vec<_> = (0..count).map(entry).collect();
        crate::store::append(&db, &MacKeys::known(), &batch).await.unwrap();
    }
    let rows = entries::table
        .select((entries::practice_id, entries::position, entries::body, entries::mac, entries::hash))
        .order((entries::practice_id, entries::position))
        .load::<Row>(&mut &*db)
        .await
        .unwrap();
    assert_eq!(rows.len(), 112);
    let mut last: BTreeMap<PracticeId, (i64, Hash)> = BTreeMap::new();
    for (practice, position, body, mac, hash) in rows {
        let (before, previous) = last.get(&practice).copied().unwrap_or((0, GENESIS));
        assert_eq!(position, before + 1);
        let expected = link(practice, position, &previous, &body, &mac);
        assert_eq!(hash, expected, "{practice} {position}");
        assert_eq!(MacKeys::known().mac("known", &body).unwrap().as_slice(), mac);
        assert_eq!(EntryBody::decode(body.as_slice()).unwrap().encode_to_vec(), body);
        last.insert(practice, (position, expected));
    }
    for (practice, (position, hash)) in last {
        let head: (i64, Vec<u8>) = heads::table
            .find(practice)
            .select((heads::last_position, heads::last_hash))
            .first(&mut &*db)
            .await
            .unwrap();
        assert_eq!(head, (position, hash.to_vec()), "{practice}");
    }
}
