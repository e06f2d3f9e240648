/** Starts the page. */
import { render } from 'preact'
import { App } from './app'
import { resume } from './session/session'
import './ui/tokens.css'
import './ui/base.css'
import './ui/layout.css'
import './ui/components.css'
import './ui/pages.css'
import { startReporting } from './watch/report'

const root = document.getElementById('app')
if (!root) throw new Error('the page has no element #app')
render(<App start={resume} />, root)
startReporting()
