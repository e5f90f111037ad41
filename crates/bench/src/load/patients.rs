//! Workload a: `GetPatient`, uniform over all patients.

use therapy_claims::clinical::v1::GetPatientRequest;
use therapy_claims::clinical::v1::patient_service_client::PatientServiceClient;
use tonic::Status;
use tonic::transport::Channel;

use super::{Budget, Callers, Work, scatter, turn};
use crate::Result;
use crate::measure::Measured;
use crate::plan::{Kind, Plan, Series, id, place};

#[derive(Clone)]
struct GetPatient {
    callers: Callers,
    client: PatientServiceClient<Channel>,
    patients: u32,
}

impl Work for GetPatient {
    async fn call(&mut self, n: u32) -> Result<(), Status> {
        let at = place(scatter(n) % self.patients);
        let message = GetPatientRequest { id: id(Kind::Patient, at.practice, Series::First, at.n) };
        self.client.get_patient(self.callers.request(at.practice, message)).await.map(drop)
    }
}

pub(crate) async fn run(callers: &Callers, plan: Plan, in_flight: usize, budget: Budget) -> Result<Measured> {
    turn(in_flight, budget, |worker| {
        let client = PatientServiceClient::new(callers.channel(worker)?);
        Some(GetPatient { callers: callers.clone(), client, patients: plan.patients() })
    })
    .await
}
