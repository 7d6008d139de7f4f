import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'dotenv';

import {
  CONFIG_KEYS,
  CONFIG_KEY_NAMES,
  SECRET_KEY_NAMES,
  isConfigKey,
  looksLikeOurs,
  type ConfigKey,
} from './config-keys.ts';
import { nearMiss, suggestion } from '../../core/near-miss.ts';

/** Where configuration is read from: the only place that does. */
export interface ConfigSources {
  /** The process environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Path of the `.env` file; it need not exist. null = none is read. */
  readonly envFile: string | null;
}

export interface RawConfig {
  readonly values: Readonly<Partial<Record<ConfigKey, string>>>;
  /** One clear line each: unknown keys, unreadable lines, contradictions. */
  readonly faults: readonly string[];
  /** Set when `.env` holds a secret and others than its owner may read it: the octal mode, e.g. "0644". */
  readonly exposedEnvFile: string | null;
  /** The environment has Node take any certificate for the right one. */
  readonly anyCertificate: boolean;
  /** Names of the environment's variables that name a proxy. */
  readonly proxies: readonly string[];
}

type Values = Partial<Record<ConfigKey, string>>;

const present = (text: string | undefined): text is string => text !== undefined && text.trim() !== '';

const unknownKey = (where: string, name: string): string => {
  const meant = suggestion(name, CONFIG_KEY_NAMES);
  const hint = meant === null ? 'see .env.example for every key' : `did you mean ${meant}?`;
  return `${where}: unknown key ${name}; ${hint}`;
};

/**
 * What a value as it stands in the file would lose without a word, or null. The value itself is not shown: it may be a
 * secret.
 */
const valueFault = (text: string): string | null => {
  const quote = /^["'`]/.exec(text)?.[0];
  if (quote !== undefined) {
    // dotenv would go on to a quote on a later line, and take every key in between for a part of this value.
    const rest = text.slice(1).replaceAll(`\\${quote}`, '');
    return new RegExp(`^[^${quote}]*${quote}\\s*(#.*)?$`).test(rest)
      ? null
      : 'begins with a quote that does not end it; put one quote before the value and one behind it, or none';
  }
  return /^[^#]*[^#\s]#/.test(text)
    ? 'would end at its #, what follows being a comment; put the value into quotes, or a space before the comment'
    : null;
};

/**
 * dotenv skips lines that it cannot read and lets a later line override an earlier one; both could drop a limit in
 * silence.
 */
const lineFaults = (text: string, file: string): readonly string[] => {
  const faults: string[] = [];
  const seen = new Map<string, number>();
  for (const [index, line] of text.split(/\r\n?|\n/).entries()) {
    if (/^\s*(#.*)?$/.test(line)) continue;
    const [, name, value = ''] = /^\s*(?:export\s+)?([\w.-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    const number = index + 1;
    if (name === undefined) {
      faults.push(
        `${file}: line ${number} is not KEY=value; write KEY=value on one line, or begin it with # to make it a comment`,
      );
      continue;
    }
    const fault = valueFault(value);
    if (fault !== null) faults.push(`${file}: ${name} on line ${number} ${fault}`);
    const earlier = seen.get(name);
    if (earlier !== undefined)
      faults.push(`${file}: ${name} is set on line ${earlier} and again on line ${number}; keep one`);
    seen.set(name, number);
  }
  return faults;
};

const readEnvFile = (file: string, faults: string[]): Values => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    faults.push(
      `${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'}); make it readable for this user`,
    );
    return {};
  }
  if (text.includes('\0')) {
    faults.push(
      `${file}: is no plain text but a binary file, or text in UTF-16; write it anew as a copy of .env.example, saved as UTF-8`,
    );
    return {};
  }
  const problems = lineFaults(text, file);
  faults.push(...problems);
  if (problems.length > 0) return {};
  const values: Values = {};
  for (const [name, value] of Object.entries(parse(text))) {
    if (isConfigKey(name)) values[name] = value;
    else faults.push(unknownKey(file, name));
  }
  return values;
};

const readEnvironment = (environment: ConfigSources['environment'], faults: string[]): Values => {
  const values: Values = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) continue;
    if (isConfigKey(name)) values[name] = value;
    else if (looksLikeOurs(name) || nearMiss(name, CONFIG_KEY_NAMES) !== null)
      faults.push(unknownKey('environment', name));
  }
  return values;
};

/** systemd credentials: one file a secret, named like its key (LoadCredential=EXCHANGE_API_KEY:...). */
const readCredentials = (directory: string | undefined, faults: string[]): Values => {
  const values: Values = {};
  if (directory === undefined || directory === '') return values;
  for (const name of SECRET_KEY_NAMES) {
    const file = join(directory, name);
    if (!existsSync(file)) continue;
    try {
      values[name] = readFileSync(file, 'utf8').trim();
    } catch (error) {
      faults.push(
        `${file}: the credential cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`,
      );
    }
  }
  return values;
};

/** As curl and others read them. */
const PROXIES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'] as const;

const exposedMode = (file: string, values: Values): string | null => {
  if (!SECRET_KEY_NAMES.some((name) => present(values[name]))) return null;
  const mode = statSync(file).mode & 0o777;
  return (mode & 0o077) === 0 ? null : mode.toString(8).padStart(4, '0');
};

/**
 * Reads `.env`, the environment and systemd credentials. The environment wins over `.env`;
 * a secret that two places give differently is a fault, because only a person knows which one is meant.
 */
export const readConfigSources = (sources: ConfigSources): RawConfig => {
  const faults: string[] = [];
  const file = sources.envFile !== null && existsSync(sources.envFile) ? sources.envFile : null;
  const fromFile = file === null ? {} : readEnvFile(file, faults);
  const fromEnvironment = readEnvironment(sources.environment, faults);
  const fromCredentials = readCredentials(sources.environment['CREDENTIALS_DIRECTORY'], faults);
  const values: Values = {};
  for (const name of CONFIG_KEY_NAMES) {
    const given = [fromCredentials[name], fromEnvironment[name], fromFile[name]].filter(present);
    const first = given[0];
    if (first === undefined) continue;
    if (CONFIG_KEYS[name].secret && given.some((other) => other.trim() !== first.trim())) {
      faults.push(`${name} is given with different values by two of: systemd credential, environment, .env; keep one`);
    }
    values[name] = first;
  }
  return {
    values,
    faults,
    exposedEnvFile: file === null ? null : exposedMode(file, fromFile),
    anyCertificate: sources.environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0',
    proxies: PROXIES.filter((name) => present(sources.environment[name])),
  };
};
