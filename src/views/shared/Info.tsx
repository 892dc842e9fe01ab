import { Popover } from 'radix-ui';
import type { ReactNode } from 'react';

/** A small button that opens a definition. Works by pointer, touch and keyboard, which a tooltip does not. */
export function Info({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Popover.Root>
      <Popover.Trigger className="info" aria-label={label}>
        ?
      </Popover.Trigger>
      <Popover.Portal container={document.getElementById('main')}>
        {/* Long ones scroll, by keyboard too. */}
        <Popover.Content
          className="popover"
          sideOffset={6}
          collisionPadding={12}
          aria-label={label}
          // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
          tabIndex={0}
        >
          {children}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
