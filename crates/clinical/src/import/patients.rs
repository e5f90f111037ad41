//! Imported patients, with their coverages.

use std::collections::HashSet;

use futures_util::join;
use kernel::{Failure, Scope, Violations};
use schema::Tx;
use therapy_claims::clinical::v1 as pb;

use super::{Import, Known, Origin, Outcome, distinct, keys};
use crate::billing::{local_date, store::time_zone};
use crate::coverage::{self, Coverage, primary_member_id};
use crate::patient::{Patient, convert, store};
use crate::therapist;

const COVERAGES_MAX: usize = 10;

#[derive(Debug)]
pub(super) struct Patients;

impl Import for Patients {
    type Message = pb::ImportPatientsRequest;
    type Row = (Patient, Vec<Coverage>);
    const RESOURCE: &'static str = "patient";

    fn read(&self, v: &mut Violations, scope: &Scope, message: &Self::Message) -> (Origin, Self::Row) {
        let pb::ImportPatientsRequest { patient, source, source_id, coverages } = message;
        let origin = Origin::read(v, source, source_id);
        v.set_prefix("patient.");
        let mut patient = convert::new(v, scope, &patient.clone().unwrap_or_default());
        patient.source = Some(origin.source.clone());
        patient.source_id = Some(origin.source_id.clone());
        v.set_prefix("");
        if coverages.len() > COVERAGES_MAX {
            v.add("coverages", "must have at most 10 entries");
        }
        let mut rows: Vec<Coverage> = Vec::with_capacity(coverages.len());
        for (i, coverage) in coverages.iter().enumerate() {
            v.set_prefix(&format!("coverages[{i}]."));
            let coverage = pb::Coverage { patient_id: patient.id.to_string(), ..coverage.clone() };
            let row = coverage::convert::new(v, scope, &coverage);
            if rows.iter().any(|other| row.collides(other)) {
                v.add("effective_from", "must not fall into the time of another coverage of the same sequence");
            }
            rows.push(row);
        }
        (origin, (patient, rows))
    }

    async fn store(&self, tx: &Tx<'_>, rows: &[(Origin, Self::Row)]) -> Result<Vec<Outcome>, Failure> {
        let (source, keys) = keys(rows);
        let therapists = distinct(rows.iter().filter_map(|(_, (patient, _))| patient.therapist_id));
        let (known, therapists, time_zone) =
            join!(store::imported(tx, source, &keys), therapist::store::standing(tx, &therapists), time_zone(tx));
        let mut known = Known::new(known?);
        let therapists: HashSet<_> = therapists?.into_iter().map(|(id, _)| id).collect();
        let today = local_date(&time_zone?, tx.scope().now())?;
        let mut enter = |(origin, (patient, coverages)): &(Origin, Self::Row)| {
            if let Some(found) = known.find(origin) {
                return Ok(found);
            }
            if let Some(therapist) = patient.therapist_id.filter(|id| !therapists.contains(id)) {
                return Err(Failure::not_found("therapist", therapist));
            }
            let member_id = primary_member_id(coverages, today).map(str::to_owned);
            store::insert(tx, &Patient { member_id, ..patient.clone() });
            for coverage in coverages {
                coverage::store::insert(tx, coverage);
            }
            Ok(known.add(origin, patient.id.uuid(), Some(patient.id.uuid())))
        };
        Ok(rows.iter().map(&mut enter).collect())
    }
}
