//! The local API's calls about settings, and for a backup of the home folder.

use crate::api::answers;
use crate::api::errors::{ErrorKind, RpcError};
use crate::api::methods::{Answers, GetSetting, ListSettings, MakeBackup, SetSetting};
use crate::api::reply::Reply;
use crate::home::config::Value;
use crate::services::SERVICES;

use crate::runtime::driver::{Done, Driver};
use crate::runtime::errors::bad;
use crate::runtime::presentation;

impl Answers<ListSettings> for Driver {
    fn answer(&mut self, ListSettings {}: ListSettings, reply: Reply<answers::Settings>) {
        reply.give(presentation::settings(&self.settings.config));
    }
}

impl Answers<GetSetting> for Driver {
    fn answer(&mut self, GetSetting { path }: GetSetting, reply: Reply<answers::Setting>) {
        reply.give(presentation::setting(&self.settings.config, &path));
    }
}

impl Answers<SetSetting> for Driver {
    fn answer(&mut self, SetSetting { path, value }: SetSetting, reply: Reply<answers::Setting>) {
        match self.settings.change(&path, value.as_deref()) {
            Ok(config) => {
                let changed = presentation::setting(&config.of_file(), &path);
                let service_is_on = matches!(config.get(&path), Ok(Value::Switch(true)));
                self.settings_changed(config);
                // A service that is switched on or off is so at once.
                let service = SERVICES.iter().find(|service| service.setting() == path);
                if let Some(service) = service.filter(|_| !self.is_damaged) {
                    let request = self.callers.request_id();
                    self.switch(request, service.service_name(), service_is_on);
                }
                reply.give(changed);
            }
            Err(error) => reply.refuse(bad(error.to_string())),
        }
    }
}

impl Answers<MakeBackup> for Driver {
    fn answer(&mut self, MakeBackup { to }: MakeBackup, reply: Reply<answers::BackedUp>) {
        let home = self.settings.home.clone();
        self.task(async move {
            let made = tokio::task::spawn_blocking(move || {
                let path = std::path::PathBuf::from(&to);
                if !path.is_absolute() {
                    return Err(bad(format!("`{to}` is no absolute path")));
                }
                crate::home::backup::backup(&home, &path)
                    .map_err(|error| RpcError::new(ErrorKind::Refused, error.to_string()))?;
                let bytes = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
                Ok(answers::BackedUp { path: to, bytes })
            });
            let made = made.await.unwrap_or_else(|error| Err(RpcError::new(ErrorKind::Internal, error.to_string())));
            reply.give(made);
            Done::Nothing
        });
    }
}
