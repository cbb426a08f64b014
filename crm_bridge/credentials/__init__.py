"""Secrets: where they come from, how they are held, how tokens made from them are shared.

In reading order:

    secret         a secret that shows itself only when asked by name
    sources        where secrets come from when it is not the keyring
    secrets_dir    a folder with one file a secret, as Kubernetes, Docker and systemd mount them
    keyring_store  the system's keyring
    key_file       the keyring in a file, for sandboxes and rehearsals only
    keys           keys of the program itself (journal, backups) in the same stores as the connections' secrets
    token_cache    one access token for all threads and processes of a connection
    binding        whom access tokens open
    sealing        AES-GCM under a key that is derived from a connection's long-lived secrets
    process        hardening of a process that holds secrets
"""

from crm_bridge.credentials.binding import Identity
from crm_bridge.credentials.key_file import LoopbackKeyFile
from crm_bridge.credentials.keyring_store import KeyringStore, open_keyring
from crm_bridge.credentials.keys import GivenKeys, StoredKeys
from crm_bridge.credentials.process import protect_process
from crm_bridge.credentials.secret import Secret
from crm_bridge.credentials.secrets_dir import SecretsDir
from crm_bridge.credentials.sources import (
    CommandSecrets,
    EnvironmentSecrets,
    SecretsFd,
    SecretsFile,
    SecretSource,
)
from crm_bridge.credentials.token_cache import AccessToken, TokenCache, forget_token

__all__ = [
    "AccessToken",
    "CommandSecrets",
    "EnvironmentSecrets",
    "GivenKeys",
    "Identity",
    "KeyringStore",
    "LoopbackKeyFile",
    "Secret",
    "SecretSource",
    "SecretsDir",
    "SecretsFd",
    "SecretsFile",
    "StoredKeys",
    "TokenCache",
    "forget_token",
    "open_keyring",
    "protect_process",
]
