/** For addresses that name nothing. */

import { useTitle } from '../ui/hooks'
import { Empty } from '../ui/states'

export function NotFound() {
  useTitle('Not found')
  return (
    <Empty icon="search" title="There is nothing here">
      <p>The address may be mistyped, or the video was deleted.</p>
      <a class="button" href="/">
        To the clips
      </a>
    </Empty>
  )
}
