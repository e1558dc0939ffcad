/** A form made from a JSON schema: a field for each plain property or list of texts, JSON for everything else. */
import { useState } from 'preact/hooks';
import { JsonEditor, parse } from './JsonEditor';

export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  items?: Schema;
  additionalProperties?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
}

const PLAIN = ['string', 'boolean', 'integer', 'number'];

/** More fields are JSON. */
const MOST = 100;

const isObject = (it: unknown): it is Record<string, unknown> => typeof it === 'object' && it !== null && !Array.isArray(it);
const isList = (it: Schema) => it.type === 'array' && it.items?.type === 'string' && !it.items.enum;
const hasField = (it: Schema) => PLAIN.includes(String(it.type ?? '')) || Array.isArray(it.enum) || isList(it);

/** Others write schemas: what is none is left out. */
function propertiesOf(schema: Schema): [string, Schema][] {
  return isObject(schema.properties) ? Object.entries(schema.properties).filter(([, it]) => isObject(it)) : [];
}

/** What the form holds before anything is changed in it. */
export function initial(schema: Schema): Record<string, unknown> {
  return { ...defaults(propertiesOf(schema)), ...(isObject(schema.default) ? schema.default : {}) };
}

interface Props {
  schema: Schema;
  /** The value, or nothing while a field cannot be read. */
  change: (value: Record<string, unknown> | undefined) => void;
}

export function SchemaForm({ schema, change }: Props) {
  const properties = propertiesOf(schema);
  if (!properties.length && schema.additionalProperties === false) return <p class="quiet">There is nothing to be given.</p>;
  const plain = properties.length > 0 && properties.length <= MOST && properties.every(([, it]) => hasField(it));
  return plain ? <Fields schema={schema} properties={properties} change={change} /> : <Whole schema={schema} change={change} />;
}

function defaults(properties: [string, Schema][]): Record<string, unknown> {
  return Object.fromEntries(properties.filter(([, it]) => it.default !== undefined).map(([name, it]) => [name, it.default]));
}

function Fields({ schema, properties, change }: Props & { properties: [string, Schema][] }) {
  const [value, setValue] = useState(() => initial(schema));
  const set = (name: string, given: unknown) => {
    const { [name]: _, ...rest } = value;
    const next = given === undefined ? rest : { ...rest, [name]: given };
    setValue(next);
    change(next);
  };
  return (
    <div class="form">
      {properties.map(([name, it]) => (
        <label key={name}>
          {it.title ?? name}
          {Array.isArray(schema.required) && schema.required.includes(name) ? ' *' : ''}
          <Field schema={it} value={value[name]} set={(given) => set(name, given)} />
          {it.description && <span class="quiet">{it.description}</span>}
        </label>
      ))}
    </div>
  );
}

function Field({ schema, value, set }: { schema: Schema; value: unknown; set: (value: unknown) => void }) {
  if (Array.isArray(schema.enum)) {
    const index = schema.enum.findIndex((it) => it === value);
    return (
      <select value={index} onChange={(it) => set(schema.enum![Number(it.currentTarget.value)])}>
        <option value={-1}>not given</option>
        {schema.enum.map((it, number) => (
          <option key={number} value={number}>
            {String(it)}
          </option>
        ))}
      </select>
    );
  }
  if (schema.type === 'boolean') return <input type="checkbox" checked={value === true} onChange={(it) => set(it.currentTarget.checked)} />;
  if (isList(schema)) return <Lines value={value} set={set} />;
  if (schema.type === 'string') return <input value={String(value ?? '')} onInput={(it) => set(it.currentTarget.value || undefined)} />;
  const step = schema.type === 'integer' ? 1 : 'any';
  const number = (text: string) => (text === '' ? undefined : Number(text));
  return <input type="number" step={step} min={schema.minimum} max={schema.maximum} value={String(value ?? '')} onInput={(it) => set(number(it.currentTarget.value))} />;
}

/** A text in each line. */
function Lines({ value, set }: { value: unknown; set: (value: unknown) => void }) {
  const [text, setText] = useState(() => (Array.isArray(value) ? value.join('\n') : ''));
  const keep = (it: string) => {
    setText(it);
    const lines = it.split('\n').map((line) => line.trim()).filter(Boolean);
    set(lines.length ? lines : undefined);
  };
  return <textarea rows={4} placeholder="one a line" spellcheck={false} value={text} onInput={(it) => keep(it.currentTarget.value)} />;
}

function Whole({ schema, change }: Props) {
  const start = () => JSON.stringify(initial(schema), null, 2);
  const [text, setText] = useState(start);
  const keep = (it: string) => {
    setText(it);
    change(parse(it).value);
  };
  return <JsonEditor label="Payload" text={text} change={keep} rows={6} />;
}
