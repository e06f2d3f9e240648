/** A labelled field of a form, with its hint and its error where screen readers find them. */
import type { ComponentChildren, TargetedInputEvent } from 'preact'

interface Props {
  id: string
  label: string
  hint?: string
  error?: string | null
  children?: ComponentChildren
}

interface Input {
  name?: string
  /** What is typed cannot be read by who stands behind. */
  isHidden?: boolean
  value?: string
  required?: boolean
  disabled?: boolean
  minLength?: number
  maxLength?: number
  pattern?: string
  autocomplete?: 'username' | 'current-password' | 'new-password' | 'off'
  autocapitalize?: 'none'
  spellcheck?: boolean
  onInput?: (event: TargetedInputEvent<HTMLInputElement>) => void
}

export function TextField({ id, label, hint, error, isHidden = false, ...input }: Props & Input) {
  return (
    <Frame id={id} label={label} {...(hint ? { hint } : {})} error={error ?? null}>
      <input
        id={id}
        class="input"
        aria-invalid={error ? true : undefined}
        aria-describedby={described(id, hint, error)}
        {...input}
        {...(isHidden ? { type: 'password' } : { type: 'text' })}
      />
    </Frame>
  )
}

interface Select {
  name?: string
  required?: boolean
  disabled?: boolean
}

export function SelectField({ id, label, hint, error, children, ...select }: Props & Select) {
  return (
    <Frame id={id} label={label} {...(hint ? { hint } : {})} error={error ?? null}>
      <select
        id={id}
        class="input"
        aria-invalid={error ? true : undefined}
        aria-describedby={described(id, hint, error)}
        {...select}
      >
        {children}
      </select>
    </Frame>
  )
}

function Frame({ id, label, hint, error, children }: Props) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      {hint && (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} class="field-error">
          {error}
        </p>
      )}
    </div>
  )
}

function described(id: string, hint?: string, error?: string | null): string | undefined {
  const ids = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean)
  return ids.length > 0 ? ids.join(' ') : undefined
}
