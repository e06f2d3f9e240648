/** Signing in and signing up. */

import { useEffect, useState } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { api, body } from '../api/client'
import { fieldMessage, type Problem } from '../api/problem'
import { player, signIn, signUp } from '../session/session'
import { SelectField, TextField } from '../ui/field'
import { useAction, useResource, useTitle } from '../ui/hooks'
import { Notice } from '../ui/states'

export function SignIn() {
  useTitle('Sign in')
  const { isBusy, problem, run } = useAction()
  useLeaveWhenSignedIn()
  const submit = (form: FormData) => run(() => signIn(text(form, 'name').trim(), text(form, 'password')))
  return (
    <Card title="Welcome back" lead="Sign in to upload, like and climb the board." submit={submit}>
      <Notice problem={problem} />
      <TextField
        id="name"
        name="name"
        label="Name"
        autocomplete="username"
        required
        maxLength={32}
        autocapitalize="none"
        spellcheck={false}
      />
      <Password autocomplete="current-password" />
      <button type="submit" class="button is-primary is-wide" disabled={isBusy}>
        {isBusy ? 'Signing in…' : 'Sign in'}
      </button>
      <p class="muted">
        New here? <a href={`/sign-up${location.search}`}>Make an account</a>
      </p>
    </Card>
  )
}

export function SignUp() {
  useTitle('Join')
  const { isBusy, problem, run } = useAction()
  useLeaveWhenSignedIn()
  const submit = (form: FormData) =>
    run(() => signUp(text(form, 'name').trim(), text(form, 'password'), text(form, 'city')))
  const taken = problem?.slug === 'name-taken' ? problem.message : null
  return (
    <Card title="Join the contest" lead="Thirty seconds, one skill. Pick a name and your city." submit={submit}>
      <Notice problem={general(problem)} />
      <TextField
        id="name"
        name="name"
        label="Name"
        hint="3 to 32 letters, digits, “-” and “_”. Everyone sees it."
        error={taken ?? fieldMessage(problem, 'name')}
        autocomplete="username"
        autocapitalize="none"
        spellcheck={false}
        required
        minLength={3}
        maxLength={32}
        pattern="[A-Za-z0-9_\-]{3,32}"
      />
      <Cities error={fieldMessage(problem, 'city')} />
      <Password
        autocomplete="new-password"
        hint="At least 10 characters."
        error={fieldMessage(problem, 'password')}
        minLength={10}
      />
      <button type="submit" class="button is-primary is-wide" disabled={isBusy}>
        {isBusy ? 'Making your account…' : 'Join'}
      </button>
      <p class="muted">
        Have an account? <a href={`/sign-in${location.search}`}>Sign in</a>
      </p>
    </Card>
  )
}

interface CardProps {
  title: string
  lead: string
  submit: (form: FormData) => unknown
  children: preact.ComponentChildren
}

function Card({ title, lead, submit, children }: CardProps) {
  const send = (event: SubmitEvent) => {
    event.preventDefault()
    submit(new FormData(event.currentTarget as HTMLFormElement))
  }
  return (
    <div class="sign">
      <form class="card stack" onSubmit={send}>
        <header>
          <h1>{title}</h1>
          <p class="muted">{lead}</p>
        </header>
        {children}
      </form>
    </div>
  )
}

function Cities({ error }: { error: string | null }) {
  const cities = useResource('cities', (signal) => body(api.GET('/api/cities', { signal })))
  return (
    <>
      <SelectField id="city" name="city" label="City" error={error} required disabled={!cities.data}>
        <option value="">{cities.isLoading ? 'Loading…' : 'Choose your city'}</option>
        {cities.data?.map((city) => (
          <option key={city} value={city}>
            {city}
          </option>
        ))}
      </SelectField>
      {cities.problem && <Notice problem={cities.problem} />}
    </>
  )
}

interface PasswordProps {
  autocomplete: 'current-password' | 'new-password'
  hint?: string
  error?: string | null
  minLength?: number
}

function Password(props: PasswordProps) {
  const [isShown, setShown] = useState(false)
  return (
    <div class="password">
      <TextField
        id="password"
        name="password"
        label="Password"
        isHidden={!isShown}
        required
        maxLength={128}
        {...props}
      />
      <button type="button" class="link" aria-pressed={isShown} onClick={() => setShown(!isShown)}>
        {isShown ? 'Hide' : 'Show'}
        <span class="unseen"> the password</span>
      </button>
    </div>
  )
}

/** What no field shows. */
function general(problem: Problem | null): Problem | null {
  if (problem === null || problem.slug === 'name-taken') return null
  const shown = problem.fields.some(({ field }) => ['name', 'password', 'city'].includes(field.replace(/^\//, '')))
  return shown ? null : problem
}

/** To where the player wanted to go. */
function useLeaveWhenSignedIn(): void {
  const { query, route } = useLocation()
  const me = player.value
  useEffect(() => {
    if (!me) return
    const next = query.next ?? '/'
    // Only paths of this page: an address of elsewhere may come in by a link that someone sent.
    route(/^\/(?![/\\])/.test(next) ? next : '/', true)
  }, [me, query.next, route])
}

function text(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}
