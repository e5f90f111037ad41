//! Imported sessions: booked, held or cancelled elsewhere. Those that were held are billed here.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::join_all;
use futures_util::join;
use kernel::{Failure, Scope, Violations};
use schema::Tx;
use therapy_claims::clinical::v1 as pb;

use super::{Import, Imported, Known, Origin, Outcome, distinct, keys};
use crate::billing::{self, store::time_zone};
use crate::error::Error;
use crate::patient;
use crate::session::complete::Completion;
use crate::session::convert::{self, Draft};
use crate::session::{Session, SessionStatus, store};
use crate::therapist;

#[derive(Debug)]
pub(super) struct Sessions(pub(super) Arc<dyn Completion>);

/// A session, where it stands, and why it was cancelled.
#[derive(Debug)]
pub(super) struct Row {
    draft: Draft,
    status: SessionStatus,
    cancellation_reason: Option<String>,
}

impl Row {
    fn session(&self, origin: &Origin, scope: &Scope, time_zone: &str) -> Result<Session, Failure> {
        let mut session = self.draft.dated(time_zone)?;
        session.source = Some(origin.source.clone());
        session.source_id = Some(origin.source_id.clone());
        session.status = self.status;
        let now = Some(scope.now());
        match self.status {
            SessionStatus::Scheduled => {}
            SessionStatus::Completed => session.completed_at = now,
            SessionStatus::Cancelled => {
                session.cancelled_at = now;
                session.cancellation_reason.clone_from(&self.cancellation_reason);
            }
        }
        Ok(session)
    }
}

impl Import for Sessions {
    type Message = pb::ImportSessionsRequest;
    type Row = Row;
    const RESOURCE: &'static str = "session";

    fn read(&self, v: &mut Violations, scope: &Scope, message: &Self::Message) -> (Origin, Row) {
        let pb::ImportSessionsRequest { session, source, source_id } = message;
        let origin = Origin::read(v, source, source_id);
        v.set_prefix("session.");
        let session = session.clone().unwrap_or_default();
        let row = Row {
            status: convert::status(v, "status", session.status).unwrap_or(SessionStatus::Scheduled),
            cancellation_reason: convert::cancellation_reason(v, "cancellation_reason", &session.cancellation_reason),
            draft: Draft::read(v, scope, &session),
        };
        (origin, row)
    }

    async fn store(&self, tx: &Tx<'_>, rows: &[(Origin, Row)]) -> Result<Vec<Outcome>, Failure> {
        let (source, keys) = keys(rows);
        let patients = distinct(rows.iter().map(|(_, row)| row.draft.session().patient_id));
        let therapists = distinct(rows.iter().map(|(_, row)| row.draft.session().therapist_id));
        let (known, patients, therapists, time_zone) = join!(
            store::imported(tx, source, &keys),
            patient::store::standing(tx, &patients),
            therapist::store::standing(tx, &therapists),
            time_zone(tx),
        );
        let mut known = Known::new(known?);
        let patients: HashMap<_, _> = patients?.into_iter().collect();
        let therapists: HashMap<_, _> = therapists?.into_iter().collect();
        let time_zone = time_zone?;
        let (mut outcomes, mut sessions) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        for (i, (origin, row)) in rows.iter().enumerate() {
            let session = row.session(origin, tx.scope(), &time_zone)?;
            let (patient, therapist) = (patients.get(&session.patient_id), therapists.get(&session.therapist_id));
            outcomes.push(match known.find(origin) {
                Some(found) => Ok(found),
                None => admit(&session, patient, therapist)
                    .map(|()| known.add(origin, session.id.uuid(), Some(session.patient_id.uuid()))),
            });
            if matches!(outcomes.last(), Some(Ok(imported)) if imported.is_new) {
                sessions.push((i, session));
            }
        }
        // the rows go in first, so that the facts of each know all the others
        let inserted = join_all(sessions.iter().map(|(_, session)| store::insert_now(tx, session))).await;
        inserted.into_iter().collect::<Result<(), _>>()?;
        self.bill(tx, &sessions, &mut outcomes).await?;
        Ok(outcomes)
    }
}

impl Sessions {
    /// Drafts the claims of the sessions that were held.
    async fn bill(&self, tx: &Tx<'_>, sessions: &[(usize, Session)], outcomes: &mut [Outcome]) -> Result<(), Failure> {
        let held =
            |(_, session): &&(usize, Session)| session.status == SessionStatus::Completed && session.is_billable();
        let held: Vec<_> = sessions.iter().filter(held).collect();
        let facts = join_all(held.iter().map(|(_, session)| billing::read(tx, session.id))).await;
        for ((i, _), facts) in held.into_iter().zip(facts) {
            let facts = facts?;
            let claim = self.0.draft(tx, &facts).await?;
            if let (Some(claim), Some(Ok(Imported { claim_id, .. }))) = (claim, outcomes.get_mut(*i)) {
                *claim_id = claim.claim_id;
            }
        }
        Ok(())
    }
}

/// Whether the session's patient and therapist are there, and take new sessions if it is one.
fn admit(session: &Session, patient: Option<&bool>, therapist: Option<&bool>) -> Result<(), Failure> {
    let patient = patient.ok_or_else(|| Failure::not_found("patient", session.patient_id))?;
    let therapist = therapist.ok_or_else(|| Failure::not_found("therapist", session.therapist_id))?;
    match session.status {
        SessionStatus::Scheduled if !patient => Err(Error::PatientInactive.into()),
        SessionStatus::Scheduled if !therapist => Err(Error::TherapistInactive.into()),
        SessionStatus::Scheduled | SessionStatus::Completed | SessionStatus::Cancelled => Ok(()),
    }
}
