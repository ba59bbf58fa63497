//! What a test switches on an issuer: its faults and its clock.

use jeton::UnixTime;

use super::Issuer;
use crate::{
    asked::Asked,
    clock::{Clock, ClockState},
    departures::Due,
    fault::Kept,
    file,
    spec::{ClockSpec, Fault, InvalidSpec},
};

impl Issuer {
    pub(crate) fn faults(&self) -> Vec<Kept> {
        self.lock().faults.list()
    }

    pub(crate) fn add_fault(&self, fault: Fault) -> Result<Kept, InvalidSpec> {
        file::check_fault(&fault)?;
        Ok(self.lock().faults.add(fault))
    }

    pub(crate) fn remove_fault(&self, id: u64) -> bool {
        self.lock().faults.remove(id)
    }

    pub(crate) fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    /// The faults that are to act on a request.
    pub(crate) fn due(&self, asked: &Asked<'_>) -> Vec<Due> {
        self.lock().faults.due(asked)
    }

    pub(crate) fn now(&self) -> UnixTime {
        self.lock().clock.now(jeton_native::now())
    }

    pub(crate) fn clock(&self) -> ClockState {
        self.lock().clock.state(jeton_native::now())
    }

    pub(crate) fn move_clock(&self, spec: &ClockSpec) -> Result<ClockState, InvalidSpec> {
        Clock::check(spec)?;
        let real = jeton_native::now();
        let clock = &mut self.lock().clock;
        clock.move_by(spec, real);
        Ok(clock.state(real))
    }
}
