//! The entries that calls left, as they lie in the database, and how they are written down for the review.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use diesel::QueryableByName;
use diesel::sql_types::{Array, Bool, Int4, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// An entry, and whose data its resources are by the tables that hold them.
#[derive(Debug, Clone, QueryableByName)]
pub(super) struct Left {
    #[diesel(sql_type = Text)]
    pub(super) request_id: String,
    #[diesel(sql_type = Text)]
    pub(super) practice_id: String,
    #[diesel(sql_type = Text)]
    pub(super) actor: String,
    #[diesel(sql_type = Text)]
    pub(super) token: String,
    #[diesel(sql_type = Text)]
    pub(super) method: String,
    #[diesel(sql_type = Text)]
    action: String,
    #[diesel(sql_type = Text)]
    pub(super) outcome: String,
    #[diesel(sql_type = Text)]
    pub(super) reason: String,
    #[diesel(sql_type = Text)]
    resource_type: String,
    #[diesel(sql_type = Array<Text>)]
    pub(super) resource_ids: Vec<String>,
    #[diesel(sql_type = Int4)]
    pub(super) resource_count: i32,
    #[diesel(sql_type = Array<Text>)]
    pub(super) patients: Vec<String>,
    /// The patients of the resources.
    #[diesel(sql_type = Array<Text>)]
    pub(super) theirs: Vec<String>,
    #[diesel(sql_type = Bool)]
    pub(super) accessed_phi: bool,
    #[diesel(sql_type = Array<Text>)]
    pub(super) field_classes: Vec<String>,
    #[diesel(sql_type = Text)]
    purpose: String,
    #[diesel(sql_type = Text)]
    pub(super) peer: String,
    #[diesel(sql_type = Int4)]
    pub(super) attempts: i32,
}

const LEFT: &str = "
SELECT e.request_id, e.practice_id::text AS practice_id, coalesce(e.user_id, e.account_id)::text AS actor,
       e.token_key_id AS token, e.method, e.action, e.outcome, coalesce(e.reason, '') AS reason, e.resource_type,
       e.resource_ids, e.resource_count, e.patient_ids::text[] AS patients, e.accessed_phi, e.field_classes, e.purpose,
       coalesce(e.ip_address, '') AS peer, e.attempts,
       ARRAY(SELECT p.patient::text FROM (
           SELECT 'patient', id, id FROM clinical.patients
           UNION SELECT 'coverage', id, patient_id FROM clinical.coverages
           UNION SELECT 'session', id, patient_id FROM clinical.sessions
           UNION SELECT 'claim', id, patient_id FROM claims.claims
           UNION SELECT 'claim_action', a.id, c.patient_id
             FROM claims.claim_actions a JOIN claims.claims c ON (c.practice_id, c.id) = (a.practice_id, a.claim_id)
           UNION SELECT 'remittance_claim', id, patient_id FROM claims.claims
           UNION SELECT 'break_glass', id, patient_id FROM tenancy.break_glasses) AS p (kind, id, patient)
         WHERE p.kind = e.resource_type AND p.id::text = ANY (e.resource_ids)
         UNION SELECT unnest(o.patient_ids)::text FROM audit.entries o
         WHERE e.resource_type = 'audit_entry' AND o.practice_id = e.practice_id
           AND o.position::text = ANY (e.resource_ids)) AS theirs
FROM audit.entries e WHERE e.request_id LIKE $1 || '%' ORDER BY e.practice_id, e.position";

/// The entries of all calls whose request ids begin so, by request id.
pub(super) async fn left(db: &mut AsyncPgConnection, prefix: &str) -> BTreeMap<String, Vec<Left>> {
    let rows: Vec<Left> = diesel::sql_query(LEFT).bind::<Text, _>(prefix).load(db).await.unwrap();
    let mut by_call: BTreeMap<String, Vec<Left>> = BTreeMap::new();
    for row in rows {
        by_call.entry(row.request_id.clone()).or_default().push(row);
    }
    by_call
}

/// Where an entry is, and whose.
fn chain(entry: &Left, practice: &str) -> &'static str {
    if entry.practice_id == practice {
        ""
    } else if entry.practice_id == Uuid::nil().to_string() {
        " in the system chain"
    } else {
        " in a new practice"
    }
}

impl Left {
    /// All that the review has to see of an entry, without what differs from run to run. What is shown is the answer,
    /// when the call was answered.
    pub(super) fn words(&self, practice: &str, sent: &[u8], shown: &[u8]) -> String {
        let mut words = format!("{} {} {}", self.outcome, self.action, self.resource_type);
        let named = match self.resource_count {
            0 => "none named",
            1 => "one",
            _ => "several",
        };
        write!(words, " ({named}").unwrap();
        let told = |id: &String| contains(sent, id) || contains(shown, id);
        // positions are numbers on the wire
        if self.resource_type != "audit_entry" && !self.resource_ids.iter().all(told) {
            words.push_str(", not told to the caller");
        }
        words.push(')');
        if !self.patients.is_empty() {
            words.push_str(", with patients");
        }
        if self.accessed_phi {
            write!(words, ", phi [{}]", self.field_classes.join(" ")).unwrap();
        }
        write!(words, ", {}", self.purpose).unwrap();
        if self.attempts != 1 {
            write!(words, ", {} attempts", self.attempts).unwrap();
        }
        words.push_str(chain(self, practice));
        words
    }

    /// Whether the patients named are those whose resources they are, all of them and no others.
    pub(super) fn is_of_its_patients(&self) -> bool {
        let (named, theirs): (BTreeSet<_>, BTreeSet<_>) =
            (self.patients.iter().collect(), self.theirs.iter().collect());
        named == theirs
    }

    /// Patients that the answer shows and the entry doesn't name.
    pub(super) fn unnamed<'a>(entries: &[Self], shown: &[u8], patients: &'a [String]) -> Vec<&'a String> {
        let named: BTreeSet<_> = entries.iter().flat_map(|entry| &entry.patients).collect();
        patients.iter().filter(|patient| contains(shown, patient) && !named.contains(patient)).collect()
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}
