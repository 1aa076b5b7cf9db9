pub(super) mod container;
pub(super) mod docker;
pub(super) mod install;
pub(super) mod pod;
pub(super) mod pod_spec;
pub(super) mod registration;
pub(super) mod user_data;
