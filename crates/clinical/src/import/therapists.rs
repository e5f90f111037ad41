//! Imported therapists.

use std::collections::HashSet;

use futures_util::join;
use kernel::{Failure, Scope, Violations};
use schema::Tx;
use therapy_claims::clinical::v1 as pb;

use super::{Import, Known, Origin, Outcome, distinct, keys};
use crate::error::Error;
use crate::therapist::{Therapist, convert, store};

#[derive(Debug)]
pub(super) struct Therapists;

impl Import for Therapists {
    type Message = pb::ImportTherapistsRequest;
    type Row = Therapist;
    const RESOURCE: &'static str = "therapist";

    fn read(&self, v: &mut Violations, scope: &Scope, message: &Self::Message) -> (Origin, Therapist) {
        let pb::ImportTherapistsRequest { therapist, source, source_id } = message;
        let origin = Origin::read(v, source, source_id);
        v.set_prefix("therapist.");
        let mut row = convert::new(v, scope, &therapist.clone().unwrap_or_default());
        row.source = Some(origin.source.clone());
        row.source_id = Some(origin.source_id.clone());
        (origin, row)
    }

    async fn store(&self, tx: &Tx<'_>, rows: &[(Origin, Therapist)]) -> Result<Vec<Outcome>, Failure> {
        let (source, keys) = keys(rows);
        let npis: Vec<_> = rows.iter().filter_map(|(_, row)| row.npi.as_deref()).collect();
        let supervisors = distinct(rows.iter().filter_map(|(_, row)| row.supervisor_id));
        let (known, taken, supervisors) =
            join!(store::imported(tx, source, &keys), store::taken(tx, &npis), store::standing(tx, &supervisors));
        let mut known = Known::new(known?);
        let mut taken: HashSet<_> = taken?.into_iter().flatten().collect();
        let supervisors: HashSet<_> = supervisors?.into_iter().map(|(id, _)| id).collect();
        let mut enter = |(origin, row): &(Origin, Therapist)| {
            if let Some(found) = known.find(origin) {
                return Ok(found);
            }
            if let Some(supervisor) = row.supervisor_id.filter(|id| !supervisors.contains(id)) {
                return Err(Failure::not_found("therapist", supervisor));
            }
            if row.npi.as_ref().is_some_and(|npi| !taken.insert(npi.clone())) {
                return Err(Error::NpiTaken.into());
            }
            store::insert(tx, row);
            Ok(known.add(origin, row.id.uuid(), None))
        };
        Ok(rows.iter().map(&mut enter).collect())
    }
}
