"""Open a state directory: configuration, keys, secrets, test switches; decide what may be used together."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from crm_bridge import failpoints
from crm_bridge.bridge.setup.connection_secrets import ConnectionSecrets
from crm_bridge.bridge.setup.resolved import Resolved, resolve
from crm_bridge.clock import Clock, clock_from, randomness_from
from crm_bridge.config import FILE_NAME, Config, default_home, load_config
from crm_bridge.credentials import (
    CommandSecrets,
    EnvironmentSecrets,
    GivenKeys,
    KeyringStore,
    LoopbackKeyFile,
    SecretsDir,
    SecretsFd,
    SecretsFile,
    SecretSource,
    StoredKeys,
    open_keyring,
)
from crm_bridge.credentials.keys import KeyStore
from crm_bridge.errors import CredentialStoreError, SandboxOnlyError, UsageError
from crm_bridge.files import ensure_private_folder
from crm_bridge.i18n import _
from crm_bridge.journal.keys import SIGN
from crm_bridge.journal.pin import NoPins, PinFile
from crm_bridge.transport import Network
from crm_bridge.transport.network import PROXY_PASSWORD, PROXY_USER

TEST_SWITCHES = (failpoints.VARIABLE, "CRM_BRIDGE_CLOCK_OFFSET", "CRM_BRIDGE_SEED")
KEY_FILE = "keyring.json"


@dataclass
class Environment:
    """Configuration, keys, secrets and clock of a state directory, opened when first used."""

    home: Path
    config: Config
    clock: Clock
    randomness: random.Random
    secrets_file: Path | None = None
    secrets_fd: int | None = None
    secrets_dir: Path | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    @cached_property
    def connections(self) -> Mapping[str, Resolved]:
        """Return every configured connection, checked."""
        return {
            name: resolve(self.config, table, environ=self.environ) for name, table in self.config.connections.items()
        }

    @cached_property
    def only_loopback(self) -> bool:
        """Return whether every connection is loopback; an empty configuration is not."""
        return bool(self.connections) and all(c.loopback for c in self.connections.values())

    @cached_property
    def given(self) -> tuple[SecretSource, ...]:
        """Return the secret sources that were named: descriptor, folder, file; an option before the configuration."""
        sources: list[SecretSource] = []
        if self.secrets_fd is not None:
            sources.append(SecretsFd(self.secrets_fd))
        if (folder := self.secrets_dir or self.config.secrets_dir) is not None:
            sources.append(SecretsDir(folder))
        if (file := self.secrets_file or self.config.secrets_file) is not None:
            sources.append(SecretsFile(file))
        return tuple(sources)

    @property
    def store(self) -> KeyringStore | LoopbackKeyFile:
        """Return where secrets are kept for good: the keyring, or the in-file one when everything is loopback."""
        if isinstance(self._store, CredentialStoreError):
            raise self._store.with_traceback(None)
        return self._store

    @cached_property
    def _store(self) -> KeyringStore | LoopbackKeyFile | CredentialStoreError:
        if self.only_loopback:
            return LoopbackKeyFile(self.home / KEY_FILE)
        try:
            return open_keyring()
        except CredentialStoreError as failure:
            return failure  # asked once: one that hangs would take its ten seconds again for every secret

    @cached_property
    def keys(self) -> GivenKeys | StoredKeys:
        """Return where the journal's and the vault's keys are. CredentialStoreError where there is no such place."""
        for source in self.given:
            if isinstance(source, SecretsFile | SecretsDir | SecretsFd) and source.key(SIGN):
                return GivenKeys(source)
        if self.given and isinstance(self._store, CredentialStoreError):
            raise CredentialStoreError(
                _("the keys of journal and backups are not in {places}, and there is no keyring").format(
                    places=", ".join(source.name for source in self.given)
                ),
                reason="keys_missing",
                hint=_("make them there once: `crm-bridge keys init` with the same option"),
            )
        return StoredKeys(self.store)

    @cached_property
    def pins(self) -> KeyStore:
        """Return where the head of the journal is pinned: the file of the configuration, else where the keys are.

        Keys that were given are not written to: the pin lies beside them, where that folder can be written.
        """
        if self.config.pin_file is not None:
            return PinFile(self.config.pin_file)
        keys = self.keys
        if not isinstance(keys, GivenKeys):
            return keys
        folder = self._folder_of_keys(keys)
        if folder is None or not os.access(folder, os.W_OK):
            return NoPins()
        # One folder may hold the keys of several state directories.
        mark = sha256(os.fsencode(self.home.absolute())).hexdigest()[:12]
        return PinFile(folder / f"journal-{mark}.pin")

    def _folder_of_keys(self, keys: GivenKeys) -> Path | None:
        folder = self.secrets_dir or self.config.secrets_dir
        if folder is not None and keys.source_is(SecretsDir):
            return folder
        file = self.secrets_file or self.config.secrets_file
        return file.absolute().parent if file is not None and keys.source_is(SecretsFile) else None

    def writable_keys(self) -> KeyStore:
        """Return where `keys init` makes keys: the folder or file that was named, else where secrets are kept."""
        from crm_bridge.bridge.setup.own_keys import KeysInDir, KeysInFile

        if self.secrets_fd is not None:
            raise UsageError(_("keys cannot be written to a descriptor"), hint=_("use --secrets-file or --secrets-dir"))
        if self.secrets_dir is not None:
            return KeysInDir(self.secrets_dir)
        if (file := self.secrets_file or (None if self.config.secrets_dir else self.config.secrets_file)) is not None:
            return KeysInFile(file)
        return KeysInDir(self.config.secrets_dir) if self.config.secrets_dir else StoredKeys(self.store)

    def secrets_of(self, connection: Resolved) -> ConnectionSecrets:
        """Return the reader of one connection's secrets."""
        config = connection.config
        sources = list(self.given)
        if config.secrets_env:
            sources.append(EnvironmentSecrets(config.name, config.secrets_env, environ=self.environ))
        if config.credential_command:
            sources.append(CommandSecrets(config.name, config.credential_command))
        return ConnectionSecrets(config.name, sources, self)

    def network_of(self, connection: Resolved) -> Network:
        """Return a connection's way out, with the proxy's credentials where its secrets hold them."""
        network, secrets = connection.network, self.secrets_of(connection)
        if network.proxy is None:
            return network
        of_environment = network.proxy.credentials

        def credentials() -> tuple[str, str] | None:
            user = secrets.get(PROXY_USER)
            return (user, secrets.get(PROXY_PASSWORD) or "") if user else of_environment()

        return replace(network, proxy=replace(network.proxy, credentials=credentials))

    def reload(self) -> None:
        """Read the configuration again, and forget what was derived from it. Raises ConfigError, SandboxOnlyError."""
        self.config = load_config(self.home)
        for name in ("connections", "only_loopback", "given", "_store", "keys", "pins"):
            self.__dict__.pop(name, None)
        self.check_test_switches()

    def check_test_switches(self) -> None:
        """Refuse switches of the test interface unless every connection is loopback; arm the failpoint otherwise."""
        used = [name for name in TEST_SWITCHES if self.environ.get(name)]
        if used and not self.only_loopback:
            raise SandboxOnlyError(
                _("{names} is for tests and is refused unless every connection is loopback").format(
                    names=", ".join(used)
                ),
                hint=_("unset it"),
            )
        failpoints.arm(self.environ.get(failpoints.VARIABLE))


def open_environment(
    home: Path | None,
    *,
    secrets_file: Path | None = None,
    secrets_fd: int | None = None,
    secrets_dir: Path | None = None,
    create: bool = False,
    clock: Clock | None = None,
    randomness: random.Random | None = None,
    environ: Mapping[str, str] | None = None,
) -> Environment:
    """Open a state directory; `create` makes it, 0700. Raises ConfigError, SandboxOnlyError, UsageError.

    Without `create` a folder that is none is left as it is: it may have been mistyped.
    """
    variables = dict(os.environ if environ is None else environ)
    place = (home or default_home()).expanduser()
    try:
        if not create:
            _check_state_directory(place)
        ensure_private_folder(place)
    except OSError as problem:
        raise UsageError(
            _("the state directory {path} cannot be used: {why}").format(
                path=place, why=problem.strerror or type(problem).__name__
            ),
            hint=_("choose another one with --home"),
        ) from None
    env = Environment(
        place,
        load_config(place),
        clock or clock_from(variables),
        randomness or randomness_from(variables),
        secrets_file,
        secrets_fd,
        secrets_dir,
        variables,
    )
    env.check_test_switches()
    return env


def _check_state_directory(place: Path) -> None:
    """Raise UsageError unless there is something of ours in it: a configuration or a journal."""
    if (place / FILE_NAME).exists() or (place / "journal").exists():
        return
    raise UsageError(
        _("{path} is no state directory of crm_bridge").format(path=place)
        if place.exists()
        else _("there is no state directory {path}").format(path=place),
        reason="no_state_directory",
        hint=_("check --home and CRM_BRIDGE_HOME; `crm-bridge connections add` makes one"),
    )
