/**
 * Lets the player's elements keep their looks under a policy that forbids inline styles.
 *
 * Media Chrome writes `<style>` elements into its shadow roots, and later finds them to set single rules. Here each of
 * them becomes a sheet that the shadow root adopts: the policy allows that, for it comes from a script it allows.
 */

/** What Media Chrome asks for when it looks for its own styles. */
const OWN_STYLES = 'style:not([media])'

/** Makes all elements of a class, and of those derived from it, adopt their styles. Call it before one is made. */
export function adoptStyles(element: CustomElementConstructor): void {
  const attach = element.prototype.attachShadow
  element.prototype.attachShadow = function attachShadow(this: HTMLElement, init: ShadowRootInit): ShadowRoot {
    const root = attach.call(this, init)
    const find = root.querySelectorAll.bind(root)
    Object.defineProperties(root, {
      innerHTML: { set: (html: string) => fill(root, html) },
      // Where it is missing, `innerHTML` is set instead: that leaves roots declared within to be attached as above.
      setHTMLUnsafe: { value: undefined },
      querySelectorAll: {
        value: (selector: string) =>
          selector === OWN_STYLES ? root.adoptedStyleSheets.map((sheet: CSSStyleSheet) => ({ sheet })) : find(selector),
      },
    })
    return root
  }
}

function fill(root: ShadowRoot, html: string): void {
  const template = document.createElement('template')
  // Not a way in for what others wrote: the only texts that come here are those of Media Chrome's own templates.
  template.innerHTML = html
  const styles = [...template.content.querySelectorAll('style')]
  root.adoptedStyleSheets = styles.map((style) => {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(style.textContent ?? '')
    style.remove()
    return sheet
  })
  root.replaceChildren(document.importNode(template.content, true))
}
