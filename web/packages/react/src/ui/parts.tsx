// The parts that an app may replace by its own, all over at once:
// <PaydeskProvider parts={{ Button: MyButton, Card: MyCard }}>. They get the same props as ours.

import { useContext, type ComponentType } from 'react';

import { PaydeskContext } from '../context';
import type {
  BadgeProps,
  ButtonProps,
  CardProps,
  EmptyStateProps,
  NoticeProps,
  SkeletonProps,
} from './basics';
import type { ConfirmDialogProps } from './ConfirmDialog';

export interface Parts {
  Badge: ComponentType<BadgeProps>;
  Button: ComponentType<ButtonProps>;
  Card: ComponentType<CardProps>;
  ConfirmDialog: ComponentType<ConfirmDialogProps>;
  EmptyState: ComponentType<EmptyStateProps>;
  Notice: ComponentType<NoticeProps>;
  Skeleton: ComponentType<SkeletonProps>;
}

/** Ours, unless the provider names another. */
export function replaceable<Name extends keyof Parts>(name: Name, ours: Parts[Name]): Parts[Name] {
  function Part(props: object) {
    const Chosen = (useContext(PaydeskContext)?.parts[name] ?? ours) as ComponentType<object>;
    return <Chosen {...props} />;
  }
  Part.displayName = name;
  return Part as Parts[Name];
}
